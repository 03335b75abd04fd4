"""A stand-in for Telegram's Bot API, with customers who write to the bot.

https://core.telegram.org/bots/api
"""
