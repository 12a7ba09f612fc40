#!/usr/bin/env bash
# Installs Sluice on Debian: the one recipe that deploy/Dockerfile and docs/deployment.md use. It needs programs that are
# built (scripts/build-release) and takes nothing from outside but the distribution's packages.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: deploy/install.sh [install | bundle FOLDER | uninstall] [options]

  install             (default) packages, programs, users, folders, unit, example configuration; run again = upgrade
  bundle FOLDER       only gather the programs and the libraries they need that are no Debian packages in FOLDER,
                      which `install --from FOLDER` takes on another machine
  uninstall           remove programs and unit; with --purge also configuration, state, logs and users

  --from FOLDER       where the six programs are (default: .build-release/release of this checkout)
  --prefix FOLDER     where programs go (default: /usr/local): FOLDER/lib/sluice/BUILD, FOLDER/bin/sluice
  --destdir FOLDER    put this before every path, and touch files only: no packages, users, folders, systemctl
                      (default: $DESTDIR)
  --keep N            how many builds before this one stay (default 2); those that run stay in any case
  --no-packages       do not install packages; say what is missing
  --no-systemd        no unit files (containers)
  --purge             see uninstall
  --dry-run           say what would be done and do nothing

A running gateway is never touched. After an upgrade: sluice upgrade --wait
Exit status: 0 done, 1 failed (the last line says why), 2 wrong usage.
TEXT
}

say() { printf 'install: %s\n' "$*"; }
die() { printf 'install: %s\n' "$*" >&2; exit 1; }
wrong() { printf 'install: %s\n' "$*" >&2; usage >&2; exit 2; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
action=install bundle='' from=$here/../.build-release/release prefix=/usr/local destdir=${DESTDIR:-} keep=2
packages=yes systemd=yes purge=no dry=no
programs=(sluice sluice-supervisor sluice-edge sluice-upstream sluice-aggregator sluice-control)
# What the programs link (`ldd`), certificates for providers, and the zones that budgets' days may be counted in.
needed=(ca-certificates libcurl4 liblmdb0 libpq5 libsimdjson14 libsqlite3-0 libssl3 libstdc++6 tzdata)

case "${1:-}" in
    install | uninstall) action=$1; shift ;;
    bundle) action=bundle bundle=${2:-}; [ -n "$bundle" ] || wrong "bundle needs a folder"; shift 2 ;;
esac
while [ $# -gt 0 ]; do
    case "$1" in
        --from | --prefix | --destdir | --keep)
            [ $# -ge 2 ] || wrong "$1 needs a value"
            declare "${1#--}=$2"; shift 2 ;;
        --no-packages) packages=no; shift ;;
        --no-systemd) systemd=no; shift ;;
        --purge) purge=yes; shift ;;
        --dry-run) dry=yes; shift ;;
        --help | -h) usage; exit 0 ;;
        *) wrong "unknown argument $1" ;;
    esac
done
case "$prefix" in /*) ;; *) wrong "--prefix must be absolute" ;; esac
case "$keep" in '' | *[!0-9]*) wrong "--keep must be a number" ;; esac
prefix=${prefix%/} destdir=${destdir%/}
library=$destdir$prefix/lib/sluice
units=$destdir/etc/systemd/system

# Every change goes through here, so that --dry-run shows just what would be done.
run() {
    if [ "$dry" = yes ]; then printf 'would: %s\n' "$*"; else "$@"; fi
}

# The same, and what the command says is shown only if it fails.
quietly() {
    local said
    if [ "$dry" = yes ]; then run "$@"; return; fi
    said=$("$@" 2>&1) || { printf '%s\n' "$said" >&2; return 1; }
}

need_root() {
    [ "$dry" = yes ] || [ -n "$destdir" ] || [ "$(id -u)" -eq 0 ] || die "must be run as root (or with --destdir)"
}

check_programs() {
    local program
    for program in "${programs[@]}"; do
        [ -x "$from/$program" ] || die "$from/$program is not there: build first (scripts/build-release), or --from"
    done
    from=$(cd "$from" && pwd)
}

# The libraries of the Swift runtime that programs in $from use, by absolute path: no package has them.
runtime_libraries() {
    local program
    for program in "${programs[@]}"; do ldd "$from/$program"; done |
        awk '$2 == "=>" && $3 ~ "^/" { print $3 }' | sort -u |
        grep -E '/(lib(swift|_?Foundation|dispatch|BlocksRuntime)|swift/linux/)[^ ]*$' || true
}

# Copies programs and runtime libraries into the folder $1, which is new.
gather() {
    local program path
    for program in "${programs[@]}"; do run install -m 0755 "$from/$program" "$1/$program"; done
    while read -r path; do
        [ -z "$path" ] || run install -m 0644 "$path" "$1/${path##*/}"
    done < <(runtime_libraries)
    path=$(swagger_ui)
    if [ -z "$path" ]; then
        say "/docs: without Swagger UI (scripts/swagger-ui fetches it)"
        return
    fi
    run install -d -m 0755 "$1/share/sluice/swagger-ui"
    for program in swagger-ui.css swagger-ui-bundle.js favicon-32x32.png LICENSE; do
        run install -m 0644 "$path/$program" "$1/share/sluice/swagger-ui/$program"
    done
}

# Where Swagger UI's files for /docs are: beside the programs, or where scripts/swagger-ui has put them; nothing where it was not run.
swagger_ui() {
    local folder
    for folder in "$from/share/sluice/swagger-ui" "$here/../.cache/swagger-ui"; do
        if [ -f "$folder/swagger-ui-bundle.js" ]; then printf '%s' "$folder"; return; fi
    done
}

# What the loader cannot find for the programs in $1, one a line.
missing_libraries() {
    local program
    for program in "${programs[@]}"; do ldd "$1/$program" 2>&1 | awk -v program="$program" '
        /not found/ && !seen[$0]++ { sub(/^[ \t]+/, ""); print program ": " $0 }'; done
}

install_packages() {
    local package missing=()
    for package in "${needed[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    if [ "${#missing[@]}" -eq 0 ]; then
        say "packages: all ${#needed[@]} are installed"
    elif [ "$packages" = no ]; then
        say "packages: not installed, --no-packages: ${missing[*]}"
    else
        say "packages: installing ${missing[*]}"
        local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
        quietly "${apt[@]}" update || die "the package lists cannot be fetched"
        quietly "${apt[@]}" install -y --no-install-recommends "${missing[@]}" ||
            die "could not install ${missing[*]}; these are the names in Debian 12"
    fi
}

# A name that changes with the programs, so that two builds never share a folder.
build_name() {
    local digest version
    local swagger
    swagger=$(swagger_ui)
    digest=$( (cd "$from" && cat "${programs[@]}"; [ -z "$swagger" ] || cat "$swagger"/swagger-ui*) |
        sha256sum | cut -c1-12)
    version=$("$from/sluice" --version 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1) || true
    printf '%s-%s' "${version:-unknown}" "$digest"
}

install_programs() {
    local build new problems
    build=$(build_name)
    run install -d -m 0755 "$library" "$destdir$prefix/bin"
    if [ -d "$library/$build" ]; then
        say "programs: $prefix/lib/sluice/$build is there already"
    else
        say "programs: $prefix/lib/sluice/$build"
        new=$library/.new-$$
        run rm -rf "$new"
        run install -d -m 0755 "$new"
        gather "$new"
        # It gets its name when it is whole: an installation that is broken off leaves nothing that looks like one.
        run mv -T "$new" "$library/$build"
    fi
    if [ "$dry" = no ]; then
        problems=$(missing_libraries "$library/$build")
        if [ -n "$problems" ] && [ -z "$destdir" ]; then
            printf '%s\n' "$problems" >&2
            die "libraries are missing; were the programs built on another release of Debian?"
        fi
        [ -z "$problems" ] || say "programs: on the target these are needed: ${needed[*]}"
    fi
    # One rename: whoever looks finds the old programs or the new ones.
    run ln -sfn "$build" "$library/.current-$$"
    run mv -T "$library/.current-$$" "$library/current"
    run ln -sfn ../lib/sluice/current/sluice "$destdir$prefix/bin/sluice"
    run install -m 0755 "$here/sluice-health" "$destdir$prefix/bin/sluice-health"
    remove_old_builds "$build"
}

# Keeps the newest $keep builds beside $1, and those that a process runs from.
remove_old_builds() {
    local folder count=0
    [ -d "$library" ] || return 0
    while read -r folder; do
        [ "$folder" != "$1" ] || continue
        count=$((count + 1))
        if [ "$count" -le "$keep" ] || is_running "$library/$folder"; then continue; fi
        say "programs: removing the build $folder"
        run rm -rf "${library:?}/$folder"
    done < <(find "$library" -mindepth 1 -maxdepth 1 -type d ! -name '.*' -printf '%T@ %f\n' | sort -rn | cut -d' ' -f2-)
    find "$library" -mindepth 1 -maxdepth 1 -type d -name '.new-*' -mmin +60 -exec rm -rf {} + 2>/dev/null || true
}

is_running() {
    local link
    for link in /proc/[0-9]*/exe; do
        case "$(readlink "$link" 2>/dev/null)" in "$1"/*) return 0 ;; esac
    done
    return 1
}

# systemd-sysusers where it is, else the same by hand: the file says who there is.
make_users() {
    if command -v systemd-sysusers >/dev/null; then
        run systemd-sysusers "$here/systemd/sluice.sysusers" || die "systemd-sysusers failed"
        return
    fi
    local kind name id group
    while read -r kind name id _; do
        [ "$kind" = u ] || continue
        group=${id#-:}
        [ "$group" != - ] || group=$name
        getent group "$group" >/dev/null || run groupadd --system "$group"
        getent passwd "$name" >/dev/null ||
            run useradd --system --gid "$group" --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$name"
    done <"$here/systemd/sluice.sysusers"
}

# systemd-tmpfiles where it is, else the same by hand.
make_folders() {
    if command -v systemd-tmpfiles >/dev/null; then
        run systemd-tmpfiles --create "$here/systemd/sluice.tmpfiles" || die "systemd-tmpfiles failed"
        return
    fi
    local kind path mode user group
    while read -r kind path mode user group _; do
        [ "$kind" != d ] || run install -d -m "$mode" -o "$user" -g "$group" "$path"
    done <"$here/systemd/sluice.tmpfiles"
}

install_configuration() {
    local file=$destdir/etc/sluice/sluice.yaml
    run install -d -m 0755 "$destdir/etc/sluice"
    if [ -e "$file" ]; then
        say "configuration: /etc/sluice/sluice.yaml is there and stays as it is"
    else
        say "configuration: /etc/sluice/sluice.yaml (an example: simulated provider, loopback)"
        run install -m 0640 "$here/sluice.yaml" "$file"
        [ -n "$destdir" ] || run chgrp sluice "$file"
    fi
    if [ "$systemd" = yes ]; then
        run install -d -m 0755 "$destdir/etc/logrotate.d"
        run install -m 0644 "$here/sluice.logrotate" "$destdir/etc/logrotate.d/sluice"
    fi
}

install_units() {
    [ "$systemd" = yes ] || return 0
    say "systemd: sluice.service, sluice.socket (not enabled, not started)"
    run install -d -m 0755 "$units" "$destdir/usr/lib/sysusers.d" "$destdir/usr/lib/tmpfiles.d"
    local unit
    for unit in sluice.service sluice.socket; do
        if [ "$dry" = yes ]; then
            printf 'would: write %s\n' "$units/$unit"
        else
            sed "s|/usr/local/|$prefix/|g" "$here/systemd/$unit" >"$units/.$unit.new"
            chmod 0644 "$units/.$unit.new"
            mv "$units/.$unit.new" "$units/$unit"
        fi
    done
    run install -m 0644 "$here/systemd/sluice.sysusers" "$destdir/usr/lib/sysusers.d/sluice.conf"
    run install -m 0644 "$here/systemd/sluice.tmpfiles" "$destdir/usr/lib/tmpfiles.d/sluice.conf"
    reload_systemd
}

reload_systemd() {
    [ -z "$destdir" ] && [ -d /run/systemd/system ] || return 0
    run systemctl daemon-reload
}

next_steps() {
    [ -z "$destdir" ] || return 0
    say "done: $prefix/bin/sluice"
    if [ "$systemd" = yes ] && [ -d /run/systemd/system ]; then
        if systemctl --quiet is-active sluice.service; then
            say "the gateway runs the build it was started with; to change it: sluice upgrade --wait"
        else
            say "next: edit /etc/sluice/sluice.yaml, then: systemctl enable --now sluice.service"
        fi
    else
        say "next: $prefix/bin/sluice serve --config /etc/sluice/sluice.yaml"
    fi
}

uninstall() {
    if [ -z "$destdir" ] && [ -d /run/systemd/system ]; then
        run systemctl disable --now sluice.service sluice.socket 2>/dev/null || true
    fi
    local folder
    for folder in "$library"/*; do
        if [ -z "$destdir" ] && [ -d "$folder" ] && is_running "$(readlink -f "$folder")"; then
            die "a gateway runs from $folder: stop it first (sluice stop --wait)"
        fi
    done
    say "removing programs and units"
    run rm -rf "$library"
    run rm -f "$destdir$prefix/bin/sluice" "$destdir$prefix/bin/sluice-health" "$units/sluice.service" "$units/sluice.socket" \
        "$destdir/usr/lib/sysusers.d/sluice.conf" "$destdir/usr/lib/tmpfiles.d/sluice.conf" \
        "$destdir/etc/logrotate.d/sluice"
    run rm -f "$units/sluice.service.d/notify-reload.conf"
    if [ -d "$units/sluice.service.d" ] && [ -z "$(ls -A "$units/sluice.service.d")" ]; then
        run rmdir "$units/sluice.service.d"
    fi
    reload_systemd
    if [ "$purge" = no ]; then
        say "done; /etc/sluice, /var/lib/sluice, /var/log/sluice and the users stay (--purge removes them)"
        return
    fi
    say "removing configuration, state, logs and users"
    run rm -rf "$destdir/etc/sluice" "$destdir/var/lib/sluice" "$destdir/var/log/sluice"
    [ -z "$destdir" ] || return 0
    local kind name
    # The last first: the group `sluice` is that of two.
    while read -r kind name _; do
        [ "$kind" != u ] || ! getent passwd "$name" >/dev/null || run userdel "$name"
    done < <(tac "$here/systemd/sluice.sysusers")
    while read -r kind name _; do
        [ "$kind" != u ] || ! getent group "$name" >/dev/null || run groupdel "$name"
    done <"$here/systemd/sluice.sysusers"
}

case "$action" in
    bundle)
        check_programs
        [ ! -e "$bundle" ] || [ -z "$(ls -A "$bundle")" ] || die "$bundle is there and not empty"
        run install -d -m 0755 "$bundle"
        gather "$bundle"
        say "done: $bundle" ;;
    install)
        need_root
        check_programs
        [ -n "$destdir" ] || command -v dpkg-query >/dev/null || die "this is no Debian; needed are: ${needed[*]}"
        [ -n "$destdir" ] || install_packages
        [ -n "$destdir" ] || make_users
        [ -n "$destdir" ] || make_folders
        install_programs
        install_configuration
        install_units
        next_steps ;;
    uninstall)
        need_root
        uninstall ;;
esac
