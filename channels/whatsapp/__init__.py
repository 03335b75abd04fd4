"""WhatsApp, Cloud API: https://developers.facebook.com/documentation/business-messaging/whatsapp/overview"""
