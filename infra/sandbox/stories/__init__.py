"""What a pool company, its customers and their banks do on the account, step by step: one module for each kind."""
