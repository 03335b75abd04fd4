"""Web chat's door: the page, its embed script and the WebSocket. The channel itself is channels/webchat."""
