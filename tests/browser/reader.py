"""A browser's profile that notes everything a page must not do."""

from playwright.sync_api import sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]

# Before any script of the page. The sizes and times are what checks ask for afterwards.
WATCH = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} forbids ${event.blockedURI} ${event.sample}`);
});
window.hearings = 0;
document.addEventListener("shown", () => window.hearings += 1);
"""

# The browser is told that the page is not seen: no window manager is there to cover it.
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
  Object.defineProperty(document, "visibilityState", { get: () => hidden ? "hidden" : "visible", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


class Browser:
    """Debian's Chromium, driven by Playwright."""

    def __init__(self, executable=None):
        self.playwright = sync_playwright().start()
        self.chromium = self.playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)

    def reader(self, **options):
        return Reader(self.chromium, options)

    def end(self):
        self.chromium.close()
        self.playwright.stop()


class Reader:
    """One profile; as a context it fails when a page did what none may do."""

    def __init__(self, chromium, options):
        self.trouble = []
        self.requests = []
        self.may_lose = False  # the network is cut on purpose
        self.may_refuse = False  # a page wants a token
        self.context = chromium.new_context(**options)
        self.context.set_default_timeout(15_000)
        self.context.add_init_script(WATCH)
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self.trouble.append(f"script error: {error.error}"))
        self.context.on("request", self._request)

    def _console(self, message):
        is_lost = "net::ERR_" in message.text and self.may_lose
        is_refused = "status of 401" in message.text and self.may_refuse
        if message.type in ("error", "warning") and not is_lost and not is_refused:
            self.trouble.append(f"{message.type} in the console: {message.text}")

    def _request(self, request):
        self.requests.append(request)
        if not request.url.startswith(("http://127.0.0.1:", "http://localhost:", "data:", "blob:")):
            self.trouble.append(f"request to elsewhere: {request.url}")

    def open(self, url, **more):
        page = self.context.new_page()
        page.goto(url, **more)
        return page

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.context.close()
        if kind is None and self.trouble:
            raise AssertionError("the page must not do this:\n  " + "\n  ".join(self.trouble[:10]))


def ask(page, protocol, **parameters):
    """One question of the browser's own protocol."""
    session = page.context.new_cdp_session(page)
    try:
        return session.send(protocol, parameters)
    finally:
        session.detach()
