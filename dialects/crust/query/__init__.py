"""What a query says: the order and page of lists, the words of reports."""
