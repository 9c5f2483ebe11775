#!/bin/sh
# Makes sure that there is a browser for the tests, with Debian's packages when
# there is none.
for name in "$PORTICO_CHROMIUM" chromium chromium-browser google-chrome google-chrome-stable; do
	if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
		exit 0
	fi
done
if [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]; then
	exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
	echo "The tests need Chromium or Chrome: install it, or set PORTICO_CHROMIUM to its path." >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
fi
echo "installing chromium for the browser test ..."
log=$(mktemp)
if ! ($sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium) >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "Chromium could not be installed: install it, or set PORTICO_CHROMIUM to its path." >&2
	exit 1
fi
