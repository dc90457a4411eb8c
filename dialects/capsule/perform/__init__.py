"""What each route does with the desk, a file for each noun."""
