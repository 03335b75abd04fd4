"""Stand-ins for Messenger, Page comments, Instagram and WhatsApp behind one Graph API.

Written from the public documentation (https://developers.facebook.com/docs/graph-api); it shares no code with the
channels that it is there to test.
"""
