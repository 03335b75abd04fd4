"""X (Twitter): mentions, replies, quotes and direct messages. https://docs.x.com"""
