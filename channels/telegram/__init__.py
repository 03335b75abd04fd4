"""Telegram bots: https://core.telegram.org/bots/api"""
