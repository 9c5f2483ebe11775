#!/bin/sh
# Gets what the tests need and this machine lacks: a browser, curl, Redis, Prometheus, caches
# and proxies that stand before a gateway, and Node with the JavaScript clients of
# e2e/clients.
set -eu
cd "$(dirname "$0")"

install() { # install WHAT PACKAGE...
	what=$1
	shift
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "The tests need $what: install it. (With apt-get this script would.)" >&2
		exit 1
	fi
	sudo=
	if [ "$(id -u)" != 0 ]; then
		sudo=sudo
	fi
	echo "installing $what for the tests ..."
	log=$(mktemp)
	if ! { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		echo "$what could not be installed: install it by hand." >&2
		exit 1
	fi
}

# quiet stops a service that a package has started: the tests run their own.
quiet() {
	if command -v systemctl >/dev/null 2>&1; then
		$sudo systemctl disable --now "$1" >/dev/null 2>&1 || true # there may be no systemd
	fi
}

has() {
	for name in "$@"; do
		if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
			return 0
		fi
	done
	return 1
}

has "${PORTICO_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" || install Chromium chromium
has node || install Node nodejs npm
has curl || install curl curl
has redis-server || { install Redis redis-server && quiet redis-server; }
PATH=$PATH:/usr/sbin
has varnishd || { install Varnish varnish && quiet varnish; }
has nginx || { install nginx nginx-light && quiet nginx; }
has promtool prometheus || { install Prometheus prometheus && quiet prometheus; }
has haproxy || { install HAProxy haproxy && quiet haproxy; }
if ! cmp -s clients/package-lock.json clients/node_modules/.installed; then
	echo "installing the JavaScript clients for the tests ..."
	(cd clients && npm ci --silent --no-audit --no-fund)
	cp clients/package-lock.json clients/node_modules/.installed
fi
