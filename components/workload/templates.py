r"""What stands in a file, as the template that writes it. Two engines, both Go's text/template.

The agent's: https://github.com/hashicorp/consul-template/blob/main/docs/templating-language.md
External Secrets': https://external-secrets.io/latest/guides/templating/ (sprig, with its own order of arguments)

An env file is one line a field, `export MAIL_PASSWORD='...'`: within single quotes a shell gives nothing a meaning, so
that quotes, newlines, `$` and backslashes survive; a quote itself is written `'\''`. Every name begins with the
secret's: whoever may write a secret's fields could else set PATH or LD_PRELOAD in the application.
"""

import re

from catalog.model import SecretFile

_QUOTE = r'''"'" "'\\''"'''
"""A quote and what it becomes, as Go's string literals."""


def agent_template(file: SecretFile, data_path: str) -> str:
    """Give the agent's template of a file.

    `data_path` is where KV v2 reads the secret. A field that isn't there ends the agent with an error: Go would write
    `<no value>` instead.
    """
    return f'{{{{ with secret "{data_path}" }}}}{_agent_content(file)}{{{{ end }}}}'


def _agent_content(file: SecretFile) -> str:
    data = ".Data.data"
    if file.format == "json":
        return f"{{{{ {data} | toJSON }}}}"
    if file.format == "env":
        name = '{{ $name | toUpper | regexReplaceAll "[^A-Z0-9_]" "_" }}'
        value = f'{{{{ printf "%v" $value | replaceAll {_QUOTE} }}}}'
        return _env_lines(file, data, name, value)
    missing = f"{file.path} has no field {file.field}"
    return (
        f'{{{{ if not (sprig_hasKey {data} "{file.field}") }}}}{{{{ sprig_fail "{missing}" }}}}'
        f'{{{{ end }}}}{{{{ index {data} "{file.field}" }}}}'
    )


def external_secret_template(file: SecretFile, key: str) -> str:
    """Give External Secrets' template of an env file; `key` holds the whole secret as JSON."""
    name = '{{ regexReplaceAll "[^A-Z0-9_]" (upper $name) "_" }}'
    value = f"{{{{ toString $value | replace {_QUOTE} }}}}"
    return _env_lines(file, f'(index . "{key}" | fromJson)', name, value)


def _env_lines(file: SecretFile, data: str, name: str, value: str) -> str:
    prefix = variable_prefix(file.secret)
    line = f"export {prefix}_{name}='{value}'\n"
    return f"{{{{ range $name, $value := {data} }}}}{line}{{{{ end }}}}"


def variable_prefix(secret: str) -> str:
    """Give what a secret's variables begin with: `CLOUD_INVOICES` for `cloud/invoices`."""
    prefix = re.sub(r"[^A-Z0-9_]", "_", secret.upper())
    return f"_{prefix}" if prefix[0].isdigit() else prefix
