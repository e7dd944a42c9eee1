"""How one step becomes a lesson in form."""
