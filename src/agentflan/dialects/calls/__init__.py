"""Tool calls in any text: `reader` finds them, each way of writing one has a module, and all of them are linear."""
