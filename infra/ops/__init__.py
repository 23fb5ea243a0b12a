"""The operator's commands: show the state of a stage, and repair what needs a person's decision.

`./ops --help` lists the commands. They access tables, queues and Stripe through the same adapters as the functions,
so a command has the same effect as the function that does the same work.
"""
