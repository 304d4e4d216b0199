package config

import (
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"parallax/internal/record"
)

func (d *decoder) checkSettlement(feeds []Settlement, ledgers []string, statements []Statement) {
	banks := d.checkStatements(statements, feeds)
	for i, s := range feeds {
		key := join("settlement", nameOr(s.Name, i))
		d.checkLedgerName(s.Ledger, key, ledgers)
		d.checkDelivery(s.Delivery, key)
		d.checkCalendar(s.Calendar, key+".calendar")
		if s.Rules.Like == "" && s.MissingBusinessDays < s.ExpectBusinessDays {
			d.wrongAt(key+".missing_business_days", "must not be less than expect_business_days")
		}
		d.checkBank(s.Bank, key+".bank", banks)
		d.checkRules(s.Rules, key+".rules")
		d.checkLayout(s, key)
	}
}

// checkBank refuses what would do nothing: the footing counts without a statement too, the rest does not.
func (d *decoder) checkBank(b Bank, key string, banks []string) {
	if b.Statement != "" {
		if !slices.Contains(banks, b.Statement) {
			d.wrongAt(key+".statement", "there is no such feed of statements, "+suggest(b.Statement, banks))
		}
		return
	}
	if b.Pattern != nil {
		d.wrongAt(key+".pattern", "has no effect without statement: name the feed of statements beside it")
	}
	if b.Days != defaultBankDays {
		d.wrongAt(key+".days", "has no effect without statement: name the feed of statements beside it")
	}
}

// defaultBankDays is the default of Bank.Days.
const defaultBankDays = 3

// checkLayout wants the description that the format needs, and no other.
func (d *decoder) checkLayout(s Settlement, key string) {
	switch {
	case s.Format == "csv":
		d.checkCSV(s.CSV, key+".csv")
	case s.Format == "stripe", s.Format == "checkout":
		d.checkTypes(s.CSV, key+".csv")
	case described(reflect.ValueOf(s.CSV)):
		d.wrongAt(key+".csv", "belongs to format csv; this feed is "+s.Format)
	}
	switch {
	case s.Format != "fixed" && described(reflect.ValueOf(s.Fixed)):
		d.wrongAt(key+".fixed", "belongs to format fixed; this feed is "+s.Format)
	case s.Format == "fixed" && s.Fixed.Like == "" && len(s.Fixed.Records) == 0:
		d.wrongAt(key+".fixed", "must say how the files are laid out: like, or records with their fields")
	}
}

// described reports whether anything in a group of settings is not as by default.
func described(v reflect.Value) bool {
	for _, f := range fields(v) {
		switch {
		case f.value.Kind() == reflect.Map || f.value.Kind() == reflect.Slice:
			if f.value.Len() > 0 {
				return true
			}
		case isStruct(f.value):
			if described(f.value) {
				return true
			}
		case f.value.Kind() == reflect.String:
			if f.value.String() != f.tag.Get("default") {
				return true
			}
		case !f.value.IsZero():
			return true
		}
	}
	return false
}

// checkStatements returns the names of the feeds. Files are known by the feed they came with, so no name may be in both lists.
func (d *decoder) checkStatements(statements []Statement, feeds []Settlement) []string {
	var names []string
	for i, s := range statements {
		key := join("statements", nameOr(s.Name, i))
		names = append(names, s.Name)
		d.checkDelivery(s.Delivery, key)
		d.checkCalendar(s.Calendar, key+".calendar")
		if s.Name != "" && slices.ContainsFunc(feeds, func(f Settlement) bool { return f.Name == s.Name }) {
			d.wrongAt(key+".name", "is the name of a settlement feed too: files are told apart by it, so give this one another")
		}
	}
	return names
}

// checkDelivery wants a place that can be addressed, and for a server the means to know it.
func (d *decoder) checkDelivery(at Delivery, key string) {
	if _, err := filepath.Match(at.Path, ""); err != nil {
		d.wrongAt(key+".path", "not a glob: a bracket is not closed")
	}
	if at.Sequence != nil && at.Sequence.SubexpIndex("sequence") < 0 {
		d.wrongAt(key+".sequence", "needs a group that finds the number: (?P<sequence>[0-9]+)")
	}
	switch scheme, rest, remote := strings.Cut(at.Path, "://"); {
	case !remote:
	case scheme == "s3":
		if bucket, _, _ := strings.Cut(rest, "/"); !bucketName.MatchString(bucket) {
			d.wrongAt(key+".path", "not a bucket: write s3://bucket/prefix/*.ipm")
		}
	case scheme == "sftp":
		d.checkSFTP(at, key)
	default:
		d.wrongAt(key+".path", "want a folder, s3:// or sftp://")
	}
	if at.Region != "" && !awsRegion.MatchString(string(at.Region)) {
		d.wrongAt(key+".region", "not the name of an AWS region, such as eu-west-1")
	}
	for _, file := range []struct{ name, path string }{
		{".sftp.known_hosts", at.SFTP.KnownHosts}, {".sftp.key_file", at.SFTP.KeyFile},
		{".pgp.key_file", at.PGP.KeyFile}, {".pgp.verify_file", at.PGP.VerifyFile},
	} {
		if file.path == "" {
			continue
		}
		if _, err := os.ReadFile(file.path); err != nil {
			d.wrongAt(key+file.name, err.Error())
		}
	}
}

func (d *decoder) checkSFTP(at Delivery, key string) {
	server, _, _ := strings.Cut(strings.TrimPrefix(at.Path, "sftp://"), "/")
	u, err := url.Parse("sftp://" + server)
	if err != nil || u.Host == "" || u.User.Username() == "" {
		d.wrongAt(key+".path", "not an address: write sftp://user@host:22/folder/*.ipm")
	} else if _, has := u.User.Password(); has {
		d.wrongAt(key+".path", "must not hold the password: give it by sftp.password_env or sftp.password_file")
	}
	if at.SFTP.KnownHosts == "" {
		d.wrongAt(key+".sftp.known_hosts", "must be set: without the server's key anyone could answer in its place (ssh-keyscan writes one; compare it with what the sender says)")
	}
	if at.SFTP.KeyFile == "" && !at.SFTP.Password.Set() {
		d.wrongAt(key+".sftp", "needs a key_file or a password")
	}
}

// lineTypes are the meanings a line of an acquirer's file can have.
func lineTypes() []string {
	var names []string
	for _, t := range record.LineTypes() {
		if t != record.BankCredit && t != record.BankDebit {
			names = append(names, string(t))
		}
	}
	return names
}

func (d *decoder) checkCSV(p CSVProfile, key string) {
	c := p.Columns
	if c.Amount == "" && (c.Debit == "" || c.Credit == "") {
		d.wrongAt(key+".columns.amount", "must be set")
	}
	if c.Currency == "" {
		d.wrongAt(key+".columns.currency", "must be set")
	}
	if c.Reference == "" && c.PaymentID == "" && (c.RRN == "" || c.AuthCode == "") {
		d.wrongAt(key+".columns", "needs a reference, a payment_id, or rrn and auth_code to match by")
	}
	if c.Type != "" && len(p.Types) == 0 {
		d.wrongAt(key+".types", "must say what the values of the type column mean")
	}
	d.checkTypes(p, key)
	if t := p.Trailer; t != (Trailer{}) && (t.Column == "" || t.Value == "") {
		d.wrongAt(key+".trailer", "needs column and value to be told apart")
	}
}

func (d *decoder) checkTypes(p CSVProfile, key string) {
	for _, value := range sortedNames(p.Types) {
		if !slices.Contains(lineTypes(), p.Types[value]) {
			d.wrongAt(key+".types."+value, "must be "+strings.Join(lineTypes(), " or "))
		}
	}
}
