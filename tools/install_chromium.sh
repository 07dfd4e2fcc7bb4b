#!/bin/sh
# The browser of the tests: what FAIRHAND_CHROMIUM names, or one that is installed, or Debian's, which this installs.
# Tests drive it through Playwright for Python; no browser is downloaded from anywhere else.
set -eu

if [ -n "${FAIRHAND_CHROMIUM:-}" ]; then
    [ -x "$FAIRHAND_CHROMIUM" ] && exit 0
    echo "FAIRHAND_CHROMIUM names $FAIRHAND_CHROMIUM, which cannot be run." >&2
    exit 1
fi
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done

as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo -n"
fi
if command -v apt-get >/dev/null 2>&1 && { [ -z "$as_root" ] || sudo -n true 2>/dev/null; }; then
    echo "Installing Chromium for the browser tests (about 100 MB, once)."
    $as_root apt-get update -qq || true # a stale list may still do
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null
    command -v chromium >/dev/null 2>&1 && exit 0
fi
cat >&2 <<MESSAGE
The browser tests need Chromium or Chrome, and none was found that could be installed without you. Do one of these:
  sudo apt-get install chromium            on Debian
  FAIRHAND_CHROMIUM=/path/to/chrome make test
Everything else can be tested without: make test args="--ignore tests/browser"
MESSAGE
exit 1
