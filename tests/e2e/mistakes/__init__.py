"""What goes wrong at the user's side: each time a clear word, what to do, and nothing lost or half-made."""
