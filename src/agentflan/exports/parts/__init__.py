"""What several formats write with: messages as whole turns, ids, tools."""
