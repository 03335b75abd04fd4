"""A stand-in for LinkedIn's Community Management API: comments on an organization's posts.

https://learn.microsoft.com/en-us/linkedin/marketing/community-management/
"""
