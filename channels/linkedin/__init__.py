"""LinkedIn: comments under an organization's posts, and posts that mention it."""
