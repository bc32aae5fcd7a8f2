#!/bin/sh
# Install the Debian packages of some purposes that are missing: packaging/install.sh build lab
# Nothing is done, and no privilege is needed, when all are there.
#
# Packages of the purpose "unpack" are servers that tests start by themselves, each in a network of
# its own. Installed, they would listen on this machine; so they are only unpacked, to build-peers/.
set -eu
list=$(dirname "$0")/packages.txt
peers=$(dirname "$0")/../build-peers

unpack() {
	unpacked=$(cd "$peers" 2>/dev/null && echo *.stamp) || unpacked=
	wanted=
	# shellcheck disable=SC2013 # one word a line
	for package in $(sed -n "s/^unpack //p" "$list"); do
		case " $unpacked " in
		*" $package.stamp "*) ;;
		*) wanted="$wanted $package" ;;
		esac
	done
	if [ -z "$wanted" ]; then
		return
	fi
	echo "Unpacking Debian packages to build-peers:$wanted"
	mkdir -p "$peers"
	for package in $wanted; do
		files=$(mktemp -d)
		(cd "$files" && apt-get download -qq -o APT::Sandbox::User="$(id -un)" "$package")
		dpkg-deb -x "$files"/*.deb "$peers"
		rm -r "$files"
		: >"$peers/$package.stamp"
	done
}

missing=
for purpose in "$@"; do
	if [ "$purpose" = unpack ]; then
		continue
	fi
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
if [ -n "$missing" ]; then
	echo "Installing Debian packages:$missing"
	run=
	if [ "$(id -u)" != 0 ]; then
		run=sudo
	fi
	# shellcheck disable=SC2086 # both are lists of words
	$run env DEBIAN_FRONTEND=noninteractive apt-get update -qq
	# shellcheck disable=SC2086
	$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi
case " $* " in
*" unpack "*) unpack ;;
esac
