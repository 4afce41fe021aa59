"""The steps of the demonstration, one promise each."""
