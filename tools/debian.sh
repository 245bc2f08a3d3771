# SPDX-License-Identifier: MIT
# Reading Debian's packages without touching the machine's own apt: for tools/pythons.sh and tools/freethreaded.sh. They
# have set $work, a directory of their own, and want $why, one sentence, when something cannot be had. $apt_types is
# deb, or "deb deb-src" for sources, too.
# shellcheck shell=sh disable=SC2034,SC2154  # what who sources this reads, and has set

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# find_mirrors: sets $mirrors to where the machine's sources get the main component of its release from, or of anything.
find_mirrors() {
    [ -z "${mirrors+set}" ] || return 0
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}") || codename=
    # apt reads its sources itself, in whichever form they are written; this downloads nothing.
    uris=$(apt-get update --print-uris 2>/dev/null) || uris=
    for release in "${codename:-none}" '[^/]*'; do
        mirrors=$(echo "$uris" |
            sed -n "s|^'\([^' ]*\)/dists/$release/main/binary-.*|\1|p" | sed '/^cdrom:/d' | sort -u)
        [ -z "$mirrors" ] || break
    done
}

# apt_ready SUITE: makes $APT_CONFIG the private apt that knows this suite.
apt_ready() {
    if [ -f "$work/apt-$1/failed" ]; then
        read -r why <"$work/apt-$1/failed"
        return 1
    fi
    for mirror in $mirrors; do
        if [ -f "$work/apt-$1/ready" ] || apt_update "$1" "$mirror" "$keyring" ||
            { newer_keyring "$1" "$mirror" && apt_update "$1" "$mirror" "$newer"; }; then
            APT_CONFIG=$work/apt-$1/apt.conf
            export APT_CONFIG
            : >"$work/apt-$1/ready"
            return 0
        fi
    done
    why="Debian $1 cannot be had: $(complaint "$work/apt-$1/log")"
    echo "$why" >"$work/apt-$1/failed"
    return 1
}

# complaint LOG: the first thing that went wrong according to apt, an error rather than a warning
complaint() {
    { sed -n 's/^E: //p' "$1" && sed -n 's/^W: //p' "$1" && tail -n 1 "$1"; } | head -n 1
}

# apt_update SUITE MIRROR KEYRING: makes a private apt for the suite, in $work/apt-SUITE, and gets the lists.
apt_update() {
    home=$work/apt-$1
    rm -rf "$home"
    mkdir -p "$home/state/lists/partial" "$home/cache/archives/partial" "$home/empty" || return 1
    : >"$home/status"
    for type in ${apt_types:-deb}; do
        echo "$type $2 $1 main"
    done >"$home/sources.list"
    {
        # How this machine reaches the network is in its Acquire settings. Its other ones are left out, above all the
        # hooks that run after an update.
        env -u APT_CONFIG apt-config dump |
            grep -E '^Acquire::(http|https|ftp|tor|ForceIPv[46]|Check-Date|By-Hash)' || :
        # A mirror may be a frozen copy: what it holds is signed all the same, and interpreters for tests need not be
        # the newest. That is why expired lists are taken, but never unsigned ones.
        cat <<END
Acquire::Check-Valid-Until "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::Languages { "none"; };
Acquire::Retries "1";
Acquire::http::Timeout "20";
APT::Get::AllowUnauthenticated "false";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Dir::State "$home/state";
Dir::State::status "$home/status";
Dir::Cache "$home/cache";
Dir::Log "$home";
Dir::Etc::main "$home/none";
Dir::Etc::trusted "$3";
Dir::Etc::trustedparts "$home/empty";
Dir::Etc::parts "$home/empty";
Dir::Etc::sourcelist "$home/sources.list";
Dir::Etc::sourceparts "$home/empty";
Dir::Etc::preferences "$home/none";
Dir::Etc::preferencesparts "$home/empty";
END
    } >"$home/apt.conf"
    APT_CONFIG=$home/apt.conf apt-get -q update >"$home/log" 2>&1
}

# newer_keyring SUITE MIRROR: sets $newer. The keyring of a machine that was not updated may lack the key of a later
# suite. The keyring package of the machine's own release gets such keys, and the old keyring can verify that package.
newer_keyring() {
    newer=$work/keyring/usr/share/keyrings/debian-archive-keyring.gpg
    grep -q NO_PUBKEY "$work/apt-$1/log" && [ -n "$codename" ] || return 1
    if [ ! -f "$newer" ]; then
        home=$work/apt-$codename
        apt_update "$codename" "$2" "$keyring" &&
            (cd "$home" && APT_CONFIG=$home/apt.conf apt-get -q download debian-archive-keyring >>log 2>&1) &&
            dpkg-deb -x "$home"/debian-archive-keyring_*.deb "$work/keyring" && [ -f "$newer" ]
    fi
}
