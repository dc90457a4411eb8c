"""What each route does with the desk."""
