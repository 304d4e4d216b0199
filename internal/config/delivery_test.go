package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestBrokenDelivery(t *testing.T) {
	t.Parallel()
	feed := func(more string) string {
		return minimal + "settlement:\n  - name: visa\n    ledger: payments\n    format: ipm\n" + more
	}
	for name, c := range map[string]struct{ text, want string }{
		"bucket":            {feed("    path: s3://B/x\n"), "p.yaml:14:5: settlement.visa.path: not a bucket: write s3://bucket/prefix/*.ipm"},
		"scheme":            {feed("    path: ftp://a/x\n"), "p.yaml:14:5: settlement.visa.path: want a folder, s3:// or sftp://"},
		"region":            {feed("    path: s3://bucket/x\n    region: Dublin\n"), "p.yaml:15:5: settlement.visa.region: not the name of an AWS region, such as eu-west-1"},
		"sequence":          {feed("    path: x\n    sequence: \"[0-9]+\"\n"), "p.yaml:15:5: settlement.visa.sequence: needs a group that finds the number: (?P<sequence>[0-9]+)"},
		"password":          {feed("    path: sftp://u:p@h/x\n    sftp: {known_hosts: date.go, key_file: date.go}\n"), "p.yaml:14:5: settlement.visa.path: must not hold the password: give it by sftp.password_env or sftp.password_file"},
		"no host":           {feed("    path: sftp:///x\n    sftp: {known_hosts: date.go, key_file: date.go}\n"), "p.yaml:14:5: settlement.visa.path: not an address: write sftp://user@host:22/folder/*.ipm"},
		"no known hosts":    {feed("    path: sftp://u@h/x\n    sftp: {key_file: date.go}\n"), "p.yaml:15:5: settlement.visa.sftp.known_hosts: must be set: without the server's key anyone could answer in its place (ssh-keyscan writes one; compare it with what the sender says)"},
		"no way in":         {feed("    path: sftp://u@h/x\n    sftp: {known_hosts: date.go}\n"), "p.yaml:15:5: settlement.visa.sftp: needs a key_file or a password"},
		"variable":          {feed("    path: x\n    pgp: {passphrase_env: NOT_THERE}\n"), "p.yaml:15:11: settlement.visa.pgp.passphrase_env: environment variable NOT_THERE is not set"},
		"from":              {feed("    path: x\n    from: yesterday\n"), "p.yaml:15:11: settlement.visa.from: not a date: write year, month and day, for example 2026-11-01"},
		"zone":              {feed("    path: x\n    calendar: {time_zone: Mars}\n"), "p.yaml:15:16: settlement.visa.calendar.time_zone: not the name of a time zone, such as America/New_York"},
		"weekend":           {feed("    path: x\n    calendar: {weekend: [sat]}\n"), "p.yaml:15:16: settlement.visa.calendar.weekend: not a day of the week: write saturday, in full and in English"},
		"holiday":           {feed("    path: x\n    calendar: {holidays: [easter]}\n"), `p.yaml:15:27: settlement.visa.calendar.holidays.0: holiday "easter" is neither a date such as 2026-12-25 nor one of [england fedwire target]`},
		"cut-off":           {feed("    path: x\n    calendar: {cut_off: \"25:00\"}\n"), "p.yaml:15:25: settlement.visa.calendar.cut_off: not a time of day: write hours and minutes, for example 06:00"},
		"like":              {feed("    path: x\n    calendar: {like: jcb}\n"), "p.yaml:15:16: settlement.visa.calendar.like: must be mastercard or visa or amex or discover"},
		"bank":              {feed("    path: x\n    bank: {statement: barclays}\n"), "p.yaml:15:12: settlement.visa.bank.statement: there is no such feed of statements, nothing is known here"},
		"weekend of a week": {feed("    path: x\n    calendar: {weekend: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]}\n"), "p.yaml:15:16: settlement.visa.calendar.weekend: a weekend of 7 days leaves no business day"},
		"statement":         {minimal + "statements: [{name: b, path: \"[\"}]\n", "p.yaml:10:24: statements.b.path: not a glob: a bracket is not closed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantErrors(t, c.text, nil, c.want)
		})
	}
}

func TestDeliveryIsResolved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"phrase", "k", "key"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("open sesame\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := minimal + `settlement:
  - {name: m, ledger: payments, format: ipm, path: "sftp://u@h/out/*.ipm", sftp: {known_hosts: k, password_env: PW}, pgp: {key_file: key, passphrase_file: phrase}, calendar: {like: mastercard, holidays: [fedwire]}}
`
	cfg, err := parse(filepath.Join(dir, "p.yaml"), []byte(text), []string{"PW=secret"})
	if err != nil {
		t.Fatal(err)
	}
	m := cfg.Settlement[0]
	if m.Path != "sftp://u@h/out/*.ipm" || m.SFTP.KnownHosts != filepath.Join(dir, "k") || m.PGP.KeyFile != filepath.Join(dir, "key") {
		t.Errorf("paths: %q %q %q", m.Path, m.SFTP.KnownHosts, m.PGP.KeyFile)
	}
	if m.SFTP.Password.Reveal() != "secret" || m.PGP.Passphrase.Reveal() != "open sesame" {
		t.Error("secrets were not read")
	}
	days := m.Calendar.Days()
	if got := days.Begin(time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)); got.Hour() != 7 {
		t.Errorf("the day begins at %s, want 02:00 in New York", got)
	}
	if !strings.Contains(string(Schema()), `"known_hosts"`) {
		t.Error("the schema does not tell of known_hosts")
	}
}
