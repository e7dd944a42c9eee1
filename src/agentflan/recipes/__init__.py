"""Floor 6: recipes, the shipped ones among them, and the stages they run through."""
