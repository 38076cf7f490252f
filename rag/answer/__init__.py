"""From hits to an answer: choosing what to quote, and proving that every quote is what the stored revision says."""
