package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// file changes a file and puts it back; a nil answer of change leaves none.
func (b *bench) file(path string, change func([]byte) []byte) func() func() {
	return func() func() {
		was, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		b.must(os.Remove(path))
		if body := change(bytes.Clone(was)); body != nil {
			b.must(os.WriteFile(path, body, info.Mode().Perm()))
			b.must(os.Chtimes(path, info.ModTime(), info.ModTime()))
		}
		return func() {
			b.must(os.RemoveAll(path))
			b.must(os.WriteFile(path, was, info.Mode().Perm()))
			b.must(os.Chtimes(path, info.ModTime(), info.ModTime()))
		}
	}
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// segment is the largest file of the change archive in a region.
func (b *bench) segment(region string) string {
	b.Helper()
	var largest string
	var size int64
	root := filepath.Join(filepath.Dir(b.world.ConfigPath()), "parallax-data", "archive")
	b.must(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, region) {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() > size {
			largest, size = path, info.Size()
		}
		return err
	}))
	if largest == "" {
		b.Fatalf("no segment of %s in %s", region, root)
	}
	return largest
}

func (b *bench) archiveCases() []unreadable {
	return []unreadable{
		{name: "segment missing", jobs: []string{"lww"}, source: "archive", region: dublin, spoil: b.file(b.segment(dublin), removed)},
		{name: "segment with a flipped bit", jobs: []string{"lag"}, source: "archive", region: london, spoil: b.file(b.segment(london), flipped)},
		{name: "segment cut", jobs: []string{"chain"}, source: "archive", region: dublin, spoil: b.file(b.segment(dublin), halved)},
		{name: "segment empty", jobs: []string{"failover"}, source: "archive", region: london, window: b.day(),
			spoil: b.file(b.segment(london), func([]byte) []byte { return []byte{} })},
	}
}

// lab runs a statement on the ledger's writer as its superuser.
func (b *bench) lab(statement string) {
	b.Helper()
	if _, err := b.world.Ledger().Writer().Exec(b.Context(), statement); err != nil {
		b.Fatalf("%s: %v", statement, err)
	}
}

// ledger runs one statement on the writer, and another to mend it.
func (b *bench) ledger(spoil, mend string) func() func() {
	return func() func() {
		b.lab(spoil)
		return func() { b.lab(mend) }
	}
}

// locked holds the ledger's table as a migration would.
func (b *bench) locked() func() {
	ctx := context.Background()
	tx, err := b.world.Ledger().Writer().Begin(ctx)
	b.must(err)
	_, err = tx.Exec(ctx, "lock table payments in access exclusive mode")
	b.must(err)
	return func() { b.must(tx.Rollback(ctx)) }
}

// alias is another address of the same server: the configuration refuses one address for two copies.
func (b *bench) alias(dsn string) string {
	address, err := url.Parse(dsn)
	b.must(err)
	link := filepath.Join(b.TempDir(), "s")
	b.must(os.Symlink(address.Query().Get("host"), link))
	query := address.Query()
	query.Set("host", link)
	address.RawQuery = query.Encode()
	return address.String()
}

func (b *bench) ledgerCases() []unreadable {
	pair := b.world.Ledger()
	reader, writer, snapshot := pair.DSN(dublin), pair.DSN(london), pair.DSN("snapshot")
	nobody := strings.TrimPrefix(b.nobody(), "http://")
	elsewhere := func(old, address, credentials string) []string {
		return []string{`dsn: "` + old + `"`, fmt.Sprintf(`dsn: "postgres://%s@%s/payments?sslmode=disable"`, credentials, address)}
	}
	asks := fmt.Sprintf("127.0.0.1:%d", b.port)
	ledger := []string{"ledger"}
	return []unreadable{
		{name: "ledger refuses connections", jobs: ledger, source: "aurora", region: dublin, config: elsewhere(reader, nobody, "parallax_ro")},
		{name: "ledger in force refuses connections", jobs: []string{"settlement"}, source: "aurora", region: london, config: elsewhere(writer, nobody, "parallax_ro")},
		{name: "ledger is silent", jobs: ledger, source: "aurora", region: london, config: elsewhere(writer, b.silent(), "parallax_ro")},
		{name: "ledger with a wrong password", jobs: []string{"chain"}, source: "aurora", region: london, config: elsewhere(writer, asks, "postgres:wrong")},
		{name: "ledger's role may not log in", jobs: []string{"receipts"}, source: "aurora", region: london,
			spoil: b.ledger("alter role parallax_ro nologin", "alter role parallax_ro login")},
		{name: "ledger not granted", jobs: ledger, source: "aurora", region: london,
			spoil: b.ledger("revoke select on payments from parallax_ro", "grant select on payments to parallax_ro")},
		{name: "ledger without a column", jobs: ledger, source: "aurora", region: dublin, config: []string{"auth_code: auth_code\n", "auth_code: authorisation\n"}},
		{name: "ledger locked", jobs: ledger, source: "aurora", region: london, spoil: b.locked},
		{name: "ledger of a failover locked", jobs: []string{"failover"}, source: "aurora", region: london, spoil: b.locked, window: b.day()},
		{name: "snapshot refuses connections", jobs: ledger, source: "aurora snapshot", region: dublin, config: elsewhere(snapshot, nobody, "parallax_ro")},
		{name: "two copies accept writes", jobs: ledger, source: "aurora", config: []string{`eu-west-1: {dsn: "` + reader, `eu-west-1: {dsn: "` + b.alias(writer)}},
		{name: "no copy accepts writes", jobs: []string{"settlement"}, source: "aurora", config: []string{`eu-west-2: {dsn: "` + writer, `eu-west-2: {dsn: "` + b.alias(reader)}},
		{name: "lag not granted", jobs: []string{"lag"}, source: "aurora status", spoil: b.ledger(
			"revoke execute on function aurora_global_db_status() from public; revoke execute on function aurora_global_db_instance_status() from public",
			"grant execute on function aurora_global_db_status() to public; grant execute on function aurora_global_db_instance_status() to public")},
	}
}

func (b *bench) settlementCases() []unreadable {
	settlement := []string{"settlement"}
	visa := filepath.Join(b.world.SettlementDir(), "acquirer-visa-20261118.csv")
	blocked := filepath.Join(b.world.SettlementDir(), "mastercard-20261118.ipm")
	plain := filepath.Join(b.world.SettlementDir(), "mastercard-20261119.ipm")
	rows := func(change func([][]byte) [][]byte) func([]byte) []byte {
		return func(body []byte) []byte { return bytes.Join(change(bytes.Split(body, []byte("\n"))), []byte("\n")) }
	}
	folder := func() func() {
		mend := b.file(visa, removed)()
		b.must(os.Mkdir(visa, 0o700))
		return mend
	}
	return []unreadable{
		{name: "csv file cut", jobs: settlement, source: "settlement visa", spoil: b.file(visa, halved)},
		{name: "csv file without its trailer", jobs: settlement, source: "settlement visa", spoil: b.file(visa, rows(func(r [][]byte) [][]byte { return r[:len(r)-2] }))},
		{name: "csv file with a row less than its control total", jobs: settlement, source: "settlement visa",
			spoil: b.file(visa, rows(func(r [][]byte) [][]byte { return append(r[:1:1], r[2:]...) }))},
		{name: "csv file with a row that cannot be read", jobs: settlement, source: "settlement visa",
			spoil: b.file(visa, rows(func(r [][]byte) [][]byte {
				r[1] = bytes.Replace(r[1], []byte(",capture,"), []byte(",levy,"), 1)
				return r
			}))},
		{name: "ipm file cut", jobs: []string{"chain"}, source: "settlement mastercard", spoil: b.file(blocked, halved)},
		{name: "unblocked ipm file cut", jobs: settlement, source: "settlement mastercard", spoil: b.file(plain, halved)},
		{name: "settlement file missing", jobs: settlement, source: "settlement mastercard", spoil: b.file(blocked, removed)},
		{name: "settlement file empty", jobs: settlement, source: "settlement mastercard", spoil: b.file(plain, func([]byte) []byte { return []byte{} })},
		{name: "a folder for a settlement file", jobs: settlement, source: "settlement visa", spoil: folder},
		{name: "settlement files elsewhere", jobs: []string{"chain"}, source: "settlement visa",
			config: []string{"settlement/acquirer-visa-*.csv", "delivered/acquirer-visa-*.csv"}},
	}
}
