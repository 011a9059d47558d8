"""What a rule is made of, and how Pulumi's engine gets its answers. Knows no rule.

properties -> resource -> rule -> exceptions, tuning (both read by file) -> analyzer -> pack.
"""
