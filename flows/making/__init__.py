"""What the stages share with the counter: whom a drop leaves out, what it shows, what it takes back."""
