"""What every login method's mount has in common."""

import pulumi


def login_mount(parent: pulumi.Resource, *, keep: bool) -> pulumi.ResourceOptions:
    """Give the options of a mount: another path is another mount, which deletes every login of the old one.

    The provider would move it by `sys/remount`, which revokes every token of it, too, and wants a permission
    that the limited account has not: whoever may move any mount may move the account's own. With `keep` the
    mount is protected, and Pulumi refuses until somebody has taken that away.
    Source: terraform-provider-vault, getMountCustomizeDiffFunc; `disable_remount` does the same there.
    """
    return pulumi.ResourceOptions(
        parent=parent,
        # Deleting the mount deletes every role and user in it.
        protect=keep,
        replace_on_changes=["path"],
        # Its name is fixed: replaced for any other reason it would be in its own way (pulumi#9881).
        delete_before_replace=True,
    )
