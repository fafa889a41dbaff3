# `make install` and `make deb`. DESTDIR and PREFIX as usual; a distribution may move the folders below.

BINDIR      ?= $(PREFIX)/bin
SBINDIR     ?= $(PREFIX)/sbin
UNITDIR     ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
DATADIR     ?= $(PREFIX)/share/swornlog
MANDIR      ?= $(PREFIX)/share/man

DAEMONS := $(filter swornlog-%,$(PRESENT))
INSTALL_TO = install -D -m $(1) -t $(DESTDIR)$(2)

.PHONY: install deb

## make install     programs, units, users, folders and sample configuration (DESTDIR, PREFIX)
install: all
	$(call INSTALL_TO,755,$(BINDIR)) $(O)/swornlog
	$(call INSTALL_TO,755,$(SBINDIR)) $(DAEMONS:%=$(O)/%)
	$(call INSTALL_TO,644,$(UNITDIR)) $(wildcard packaging/systemd/*)
	sed -i 's|/usr/sbin/|$(SBINDIR)/|' $(patsubst packaging/systemd/%,$(DESTDIR)$(UNITDIR)/%,$(wildcard packaging/systemd/*.service))
	$(call INSTALL_TO,644,$(SYSUSERSDIR)) packaging/sysusers.d/*.conf
	$(call INSTALL_TO,644,$(TMPFILESDIR)) packaging/tmpfiles.d/*.conf
	$(call INSTALL_TO,644,$(DATADIR)) packaging/etc/*.yaml
	$(call INSTALL_TO,644,$(MANDIR)/man1) docs/man/*.1
	$(call INSTALL_TO,644,$(MANDIR)/man8) docs/man/*.8

# debhelper wants its folder at the top: it gets a copy of it, and builds and installs from here.
DEB_TREE := $(BUILD)/deb/swornlog-$(VERSION)

## make deb         four packages in build/deb: swornlog-agent, swornlog-server, swornlog-witness, swornlog
deb: all
	$(Q)test "$$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)" = $(VERSION) || \
		{ echo 'packaging/debian/changelog is not of version $(VERSION)' >&2; exit 1; }
	$(Q)rm -rf $(BUILD)/deb && mkdir -p $(DEB_TREE) && cp -r packaging/debian $(DEB_TREE)/
	$(Q)cd $(DEB_TREE) && SWORNLOG_SOURCE=$(CURDIR) dpkg-buildpackage -b -us -uc >../build.log 2>&1 || \
		{ tail -n 40 ../build.log; exit 1; }
	@ls $(BUILD)/deb/*.deb | grep -v dbgsym
