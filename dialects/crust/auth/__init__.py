"""Who calls: JSON Web Tokens, and the cookies and forms that carry them."""
