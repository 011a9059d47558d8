"""The types that the stand-in knows: one line each. A type or property that isn't here is refused."""

from collections.abc import Mapping

from sandbox.plugins.aws import s3
from sandbox.plugins.aws.client import Aws
from sandbox.plugins.aws.iam import InlinePolicy, Role, User
from sandbox.plugins.aws.kms import Alias, Key
from sandbox.plugins.aws.trust import AccessKey, OpenIdConnectProvider
from sandbox.plugins.kind import Kind

KINDS: Mapping[str, Kind[Aws]] = {
    "aws:kms/key:Key": Key(),
    "aws:kms/alias:Alias": Alias(),
    "aws:s3/bucket:Bucket": s3.Bucket(),
    "aws:s3/bucketVersioning:BucketVersioning": s3.VERSIONING_KIND,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": s3.ENCRYPTION_KIND,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": s3.PUBLIC_ACCESS_KIND,
    "aws:s3/bucketPolicy:BucketPolicy": s3.POLICY_KIND,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": s3.OWNERSHIP_KIND,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": s3.LIFECYCLE_KIND,
    "aws:iam/role:Role": Role(),
    "aws:iam/rolePolicy:RolePolicy": InlinePolicy("role"),
    "aws:iam/user:User": User(),
    "aws:iam/userPolicy:UserPolicy": InlinePolicy("user"),
    "aws:iam/accessKey:AccessKey": AccessKey(),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": OpenIdConnectProvider(),
}
