"""The policy pack: what must hold of everything that a stack declares, asked before anything changes.

Imports nothing of ours but acl/. framework/ is what a rule is made of, rules/ are the rules.
"""
