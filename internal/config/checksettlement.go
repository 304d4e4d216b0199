package config

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parallax/internal/calendar"
	"parallax/internal/record"
)

func (d *decoder) checkSettlement(feeds []Settlement, ledgers []string, statements []Statement) {
	banks := d.checkStatements(statements)
	for i, s := range feeds {
		key := join("settlement", nameOr(s.Name, i))
		d.checkLedgerName(s.Ledger, key, ledgers)
		d.checkDelivery(s.Delivery, key)
		d.checkCalendar(s.Calendar, key+".calendar")
		if s.MissingBusinessDays < s.ExpectBusinessDays {
			d.wrongAt(key+".missing_business_days", "must not be less than expect_business_days")
		}
		if s.Bank.Statement != "" && !slices.Contains(banks, s.Bank.Statement) {
			d.wrongAt(key+".bank.statement", "there is no such feed of statements, "+suggest(s.Bank.Statement, banks))
		}
		switch described := s.CSV.Columns != (CSVColumns{}) || len(s.CSV.Types) > 0; {
		case s.Format == "csv":
			d.checkCSV(s.CSV, key+".csv")
		case s.Format == "stripe", s.Format == "checkout":
			d.checkTypes(s.CSV, key+".csv")
		case described:
			d.wrongAt(key+".csv", "belongs to format csv; this feed is "+s.Format)
		}
		if fixed := s.Fixed.Like != "" || len(s.Fixed.Records) > 0; fixed != (s.Format == "fixed") {
			if fixed {
				d.wrongAt(key+".fixed", "belongs to format fixed; this feed is "+s.Format)
			} else {
				d.wrongAt(key+".fixed", "must say how the files are laid out: like, or records with their fields")
			}
		}
	}
}

func (d *decoder) checkStatements(statements []Statement) []string {
	var names []string
	for i, s := range statements {
		key := join("statements", nameOr(s.Name, i))
		names = append(names, s.Name)
		d.checkDelivery(s.Delivery, key)
		d.checkCalendar(s.Calendar, key+".calendar")
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

func (d *decoder) checkCalendar(c Calendar, key string) {
	if c.TimeZone != "" {
		if _, err := time.LoadLocation(c.TimeZone); err != nil || c.TimeZone == "Local" {
			d.wrongAt(key+".time_zone", "not the name of a time zone, such as America/New_York")
			return
		}
	}
	for _, name := range c.Weekend {
		if _, known := weekday(name); !known {
			d.wrongAt(key+".weekend", "not a day of the week: write saturday, in full and in English")
			return
		}
	}
	if err := c.Days().Check(); err != nil {
		d.wrongAt(key, err.Error())
	}
}

// Days is the calendar that is described; what is not set comes from the network it is like.
func (c Calendar) Days() calendar.Calendar {
	out := calendar.Network(c.Like)
	if c.TimeZone != "" {
		if zone, err := time.LoadLocation(c.TimeZone); err == nil {
			out.Zone = zone
		}
	}
	if c.CutOff != nil {
		out.CutOff = c.CutOff.Duration()
	}
	out.Holidays = c.Holidays
	for _, name := range c.Weekend {
		if day, known := weekday(name); known {
			out.Weekend = append(out.Weekend, day)
		}
	}
	return out
}

func weekday(name string) (time.Weekday, bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.EqualFold(day.String(), name) {
			return day, true
		}
	}
	return 0, false
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
