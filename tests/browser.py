"""A headless Chromium, driven over its DevTools pipe: nothing to install beside the browser itself."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PATIENCE = 60
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-pipe",
)


def installed():
    """The path of a browser, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One page at a time; what it wrote to its console and what it asked for are kept."""

    def __init__(self):
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        self._folder = tempfile.mkdtemp()
        # The browser reads commands from descriptor 3, and writes answers and events to 4.
        swap = 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"'
        command = [installed(), *_FLAGS, f"--user-data-dir={self._folder}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", swap, "bash", str(to_browser), str(from_browser), *command],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._unread, self._number, self._session = b"", 0, None
        self.console, self.requests, self._happened = [], [], set()
        page = next(target for target in self("Target.getTargets")["targetInfos"] if target["type"] == "page")
        session = self("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        self._session = session
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")

    def __call__(self, method, /, **arguments):
        """A DevTools command and its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": arguments}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def _next(self):
        while b"\0" not in self._unread:
            self._unread += os.read(self._read, 1 << 20) or self._gone()
        line, self._unread = self._unread.split(b"\0", 1)
        message = json.loads(line)
        match message.get("method"):
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded":
                self.console.append(json.dumps(message["params"]))
            case "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
        self._happened.add(message.get("method"))
        return message

    def _gone(self):
        raise AssertionError("the browser has gone")

    def open(self, address, width=1280, height=900, dark=False, script=True, media=""):
        """Show a page on a screen of a given size, in pixels of CSS."""
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self("Emulation.setEmulatedMedia", media=media, features=features)
        self("Emulation.setScriptExecutionDisabled", value=not script)
        self._go("about:blank")
        self.console.clear()
        self.requests.clear()
        self._go(address)

    def _go(self, address):
        self._happened.clear()
        self("Page.navigate", url=address)
        while "Page.loadEventFired" not in self._happened:
            self._next()

    def value(self, expression):
        """Of an expression in the page."""
        answer = self("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key, code):
        """A key, as from a keyboard."""
        for kind in ("keyDown", "keyUp"):
            text = chr(code) if kind == "keyDown" else ""
            self("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text=text)

    def picture(self, path, whole=True):
        """What is to be seen, as PNG."""
        shot = self("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        Path(path).write_bytes(base64.b64decode(shot["data"]))

    def paper(self, path):
        """What a printer would get, as PDF."""
        printed = self("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        Path(path).write_bytes(base64.b64decode(printed["data"]))

    def close(self):
        os.close(self._write)
        self._process.wait(_PATIENCE)
        os.close(self._read)
        shutil.rmtree(self._folder, ignore_errors=True)
