"""What each release stored, sent and handed out, and the checks that two releases can work side by side on it."""
