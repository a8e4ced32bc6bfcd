"""What an output holds, and how it is read back."""
