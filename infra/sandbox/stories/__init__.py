"""Stories: the actions of a pool company, its customers and their banks on the account, one module for each kind."""
