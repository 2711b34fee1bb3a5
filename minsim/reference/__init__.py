"""What is made of the reference tables: new scenarios, checks, screening."""
