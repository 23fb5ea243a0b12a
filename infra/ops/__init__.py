"""The operator command line: look at a stage, and put right what needs a person's decision.

`./ops --help`. It speaks to tables, queues and Stripe through the very adapters that the functions use,
so what it does is what they would do.
"""
