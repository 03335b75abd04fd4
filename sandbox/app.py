"""Puts the sandbox together: the platforms' stand-ins, the demo's back office and the page."""

from __future__ import annotations

import secrets

from sanic import Sanic

from sandbox import http
from sandbox.backoffice import blueprint as backoffice
from sandbox.demo import BOT_TOKEN, invite
from sandbox.linkedin.api import linkedin_api
from sandbox.linkedin.platform import linkedin_platform
from sandbox.meta.api import graph_api
from sandbox.meta.facebook import Facebook
from sandbox.meta.instagram import Instagram
from sandbox.meta.whatsapp import Whatsapp
from sandbox.page.routes import page
from sandbox.social.platform import Platform
from sandbox.social.routes import social_api
from sandbox.telegram.api import bot_api
from sandbox.telegram.customers import Customers
from sandbox.telegram.routes import customer_api
from sandbox.telegram.world import World
from sandbox.x.api import x_api
from sandbox.x.platform import x_platform


def create_app(*, demo_name: str = "Arunika", backoffice_database_url: str = "") -> Sanic:
    """A sandbox of its own, with nothing in it but the demo customers.

    `demo_name` is the brand whose bot it is, `backoffice_database_url` where its back office keeps its data, in memory
    by default; the start raises ValueError for one that no database can have. `app.ctx.telegram` is the Telegram
    stand-in's state (a `World`), `app.ctx.social` the other platforms by name, for tests in the same process.
    """
    # Sanic knows apps by name in each process; a test may have several.
    app = Sanic(f"sandbox_{secrets.token_hex(4)}", configure_logging=False)
    app.config.update(
        ACCESS_LOG=False,  # It would log paths, which hold the bot's token.
        MOTD=False,
        AUTO_EXTEND=False,
        # Longer than clients keep idle connections, or a request meets a closing one.
        KEEP_ALIVE_TIMEOUT=75,
        # Long polls last up to 50 seconds.
        RESPONSE_TIMEOUT=180,
        REQUEST_MAX_SIZE=60 * 1024 * 1024,
        BACKOFFICE_DATABASE_URL=backoffice_database_url,
    )
    world = World(token=BOT_TOKEN, bot_name=demo_name)
    customers = Customers(world)
    invite(customers)
    app.ctx.telegram = world
    facebook, instagram, whatsapp = Facebook(), Instagram(), Whatsapp()
    x, linkedin = x_platform(), linkedin_platform()
    platforms: list[Platform] = [facebook, instagram, whatsapp, x, linkedin]
    for platform in platforms:
        platform.brand.name = demo_name
    app.ctx.social = {platform.name: platform for platform in platforms}

    http.install(app)
    app.blueprint(bot_api(world))
    app.blueprint(customer_api(world, customers))
    app.blueprint(graph_api(facebook, instagram, whatsapp))
    app.blueprint(x_api(x))
    app.blueprint(linkedin_api(linkedin))
    app.blueprint(social_api(app.ctx.social))
    app.blueprint(page(world))
    app.blueprint(backoffice)

    @app.before_server_stop
    async def stop(_: Sanic, __: object) -> None:
        await world.delivery.close()
        for platform in platforms:
            await platform.close()

    return app
