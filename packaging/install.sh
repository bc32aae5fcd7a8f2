#!/bin/sh
# Install the Debian packages of some purposes that are missing: packaging/install.sh build lab
# Nothing is done, and no privilege is needed, when all are there.
set -eu
list=$(dirname "$0")/packages.txt
missing=
for purpose in "$@"; do
	# shellcheck disable=SC2013 # one word a line
	for package in $(sed -n "s/^$purpose //p" "$list"); do
		# npm comes with some builds of nodejs; what counts is the command.
		if [ "$package" = npm ] && command -v npm >/dev/null 2>&1; then
			continue
		fi
		if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
			missing="$missing $package"
		fi
	done
done
if [ -z "$missing" ]; then
	exit 0
fi
echo "Installing Debian packages:$missing"
run=
if [ "$(id -u)" != 0 ]; then
	run=sudo
fi
# shellcheck disable=SC2086 # both are lists of words
$run env DEBIAN_FRONTEND=noninteractive apt-get update -qq
# shellcheck disable=SC2086
$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
