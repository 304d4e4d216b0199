package config

import (
	"reflect"
	"regexp"
	"time"

	"parallax/internal/audit"
)

// Settlement is one feed of files of a card network or acquirer.
type Settlement struct {
	Name                string `yaml:"name" required:"" doc:"Name of the feed, as the ledger's network column has it."`
	Ledger              string `yaml:"ledger" required:"" doc:"Name of the ledger it is tied out against."`
	Format              string `yaml:"format" required:"" enum:"ipm csv stripe checkout adyen paypal amex fixed" doc:"Format of the files: ipm, csv (described under csv), stripe, checkout, adyen, paypal, amex, or fixed (described under fixed)."`
	Delivery            `yaml:",inline"`
	ExpectBusinessDays  int         `yaml:"expect_business_days" default:"1" zero:"ok" doc:"Business days a payment may take to appear; then it is overdue."`
	MissingBusinessDays int         `yaml:"missing_business_days" default:"2" doc:"Business days after which it is missing."`
	DeliverBy           TimeOfDay   `yaml:"deliver_by" default:"06:00" doc:"When the files of a business date are due, on the day after it; in the calendar's time zone, UTC without one."`
	Calendar            Calendar    `yaml:"calendar" doc:"Which business day a payment belongs to."`
	CSV                 CSVProfile  `yaml:"csv" doc:"How a csv file is laid out; with stripe and checkout, what is different in yours."`
	Fixed               FixedLayout `yaml:"fixed" doc:"How a file of fixed columns is laid out; with format fixed only."`
	Bank                Bank        `yaml:"bank" doc:"Where the payouts of this feed arrive."`
	Rules               MatchRules  `yaml:"rules" doc:"How lines are held against payments, beyond amounts that are equal to the minor unit."`
}

// MatchRules are the rules of reconcile as data.
type MatchRules struct {
	Like        string         `yaml:"like" enum:"mastercard visa amex adyen stripe checkout paypal" doc:"Start from what is usual of a network or acquirer: its cut-off, expect_business_days, missing_business_days, wrong_period and fx.check. Whatever is given replaces it. Check it against your contract."`
	Tiers       []Tier         `yaml:"tiers" doc:"Keys by which payments and lines are brought together, the safest first; without it the usual ones."`
	Tolerance   map[string]int `yaml:"tolerance" doc:"Minor units, by currency, by which a payment and its settlement may differ; none where it is not named."`
	WrongPeriod bool           `yaml:"wrong_period" doc:"Report payments that are settled later than expect_business_days allows."`
	FX          FX             `yaml:"fx" doc:"How conversions are checked."`
	Fees        []FeeRule      `yaml:"fees" doc:"The agreed tariff; fees without a rule are not checked."`

	// Given are the keys, as seen from the feed, that like does not decide because the file or the environment does.
	Given map[string]bool `yaml:"-" json:",omitempty"`
}

// Tier is one key.
type Tier struct {
	Name               string   `yaml:"name" required:"" doc:"What match records and reasons call it."`
	Key                []string `yaml:"key" required:"" doc:"Fields that are equal on both sides: payment_id, reference, arn, rrn, auth_code, amount, currency, last4; ledger:line where they are called differently, such as idempotency_key:payment_id."`
	Sure               string   `yaml:"sure" default:"proven" enum:"proven probable suggest" doc:"What an equal key is worth: proven, probable (pairs only where it fits one), or suggest (never pairs)."`
	WithinBusinessDays int      `yaml:"within_business_days" zero:"ok" doc:"Business days that payment and line may lie apart; 0: any number."`
}

// FX says how conversions are checked.
type FX struct {
	Check       bool `yaml:"check" doc:"Hold a line's settlement amount against its amount at the line's own rate."`
	Minor       int  `yaml:"minor" default:"1" zero:"ok" doc:"Tolerance in minor units of the settlement currency."`
	BasisPoints int  `yaml:"basis_points" zero:"ok" doc:"Or in hundredths of a percent: whichever is larger counts."`
}

// FeeRule is one line of a tariff.
type FeeRule struct {
	Name        string         `yaml:"name" required:"" doc:"What findings call it."`
	Kind        string         `yaml:"kind" enum:"interchange scheme markup commission processing tax other" doc:"The fee it prices; without it all fees of a line together."`
	Types       []string       `yaml:"types" doc:"Types of lines it is for; presentment without it."`
	Currencies  []string       `yaml:"currencies" doc:"Currencies of the fee; all without it."`
	BasisPoints string         `yaml:"basis_points" doc:"Hundredths of a percent of the gross, for example \"29.5\"."`
	Fixed       map[string]int `yaml:"fixed" doc:"Minor units, by currency."`
	Min         map[string]int `yaml:"min" doc:"Least fee in minor units, by currency."`
	Max         map[string]int `yaml:"max" doc:"Largest fee in minor units, by currency."`
	Rounding    string         `yaml:"rounding" default:"half_up" enum:"half_up half_even" doc:"half_up or half_even."`
	Tolerance   int            `yaml:"tolerance" zero:"ok" doc:"Minor units a fee may differ by."`
}

// Statement is the feed of one bank's account statements, camt.053 or camt.054.
type Statement struct {
	Name      string `yaml:"name" required:"" doc:"Name of the feed, used by settlement.bank."`
	Delivery  `yaml:",inline"`
	DeliverBy TimeOfDay `yaml:"deliver_by" default:"12:00" doc:"When the statement of a day is due, on the day after it; in the calendar's time zone, UTC without one."`
	Calendar  Calendar  `yaml:"calendar" doc:"The bank's business days."`
}

// Delivery says where files come to and what is asked of them.
type Delivery struct {
	Path        string         `yaml:"path" required:"" doc:"Files to read, a glob: a folder relative to this file, s3://bucket/prefix/*.ipm, or sftp://user@host:22/folder/*.ipm."`
	Region      audit.Region   `yaml:"region" doc:"Region of the bucket; without it the first of regions."`
	SFTP        SFTP           `yaml:"sftp" doc:"How to log in where path is an sftp address."`
	PGP         PGP            `yaml:"pgp" doc:"Keys for files that are encrypted with OpenPGP."`
	Settle      time.Duration  `yaml:"settle" default:"2s" zero:"ok" doc:"A file that changed more recently is still arriving. A run waits for up to 10s until it has settled; with a longer setting such a file is left to the next run."`
	Sequence    *regexp.Regexp `yaml:"sequence" doc:"RE2 pattern of the file name with a group sequence, and perhaps a group series, where files are numbered by name; numbers inside the file are used without it."`
	From        Date           `yaml:"from" doc:"Business date of the first file, such as 2026-11-01: none is expected for an earlier one."`
	FilesPerDay int            `yaml:"files_per_day" default:"1" doc:"Files expected for each business date."`
	MaxSizeMiB  int            `yaml:"max_size_mib" default:"8192" doc:"Largest content of a file, decompressed."`
	MaxRatio    int            `yaml:"max_ratio" default:"200" doc:"Largest ratio of content to file; more is taken for a zip bomb."`
}

// SFTP says how a server is logged in to, and how it proves who it is. There is no way to skip that.
type SFTP struct {
	KnownHosts   string `yaml:"known_hosts" doc:"File in the form of OpenSSH's known_hosts that holds the server's key; relative to this file."`
	KeyFile      string `yaml:"key_file" doc:"Private key; relative to this file."`
	PasswordEnv  string `yaml:"password_env" doc:"Environment variable that holds the password, or the passphrase of the key."`
	PasswordFile string `yaml:"password_file" doc:"File that holds it instead; relative to this file."`
	Password     Secret `yaml:"-"` // read by Load
}

// PGP holds the keys of a feed.
type PGP struct {
	KeyFile        string `yaml:"key_file" doc:"Private key, armored or not; relative to this file."`
	PassphraseEnv  string `yaml:"passphrase_env" doc:"Environment variable that holds the key's passphrase."`
	PassphraseFile string `yaml:"passphrase_file" doc:"File that holds it instead; relative to this file."`
	VerifyFile     string `yaml:"verify_file" doc:"Public keys of the sender: with it, files that he has not signed are refused; relative to this file."`
	Passphrase     Secret `yaml:"-"` // read by Load
}

// Calendar says which business day a moment belongs to.
type Calendar struct {
	Like     string     `yaml:"like" enum:"mastercard visa amex discover" doc:"Start from the usual cut-off of a network, in New York's time: mastercard, visa, amex or discover. Check it against your contract."`
	TimeZone string     `yaml:"time_zone" doc:"Time zone of the cut-off, such as America/New_York; UTC without one."`
	CutOff   *TimeOfDay `yaml:"cut_off" doc:"What happens before it belongs to the day before; 00:00 without one."`
	Holidays []string   `yaml:"holidays" doc:"Days without business: dates (2026-12-24) and the sets target, fedwire and england."`
	Weekend  []string   `yaml:"weekend" doc:"Days without business in every week; saturday and sunday without it."`
}

// Bank says how payouts are found on the bank's statement.
type Bank struct {
	Statement string         `yaml:"statement" doc:"Name of the feed of statements; without it payouts are not held against the bank."`
	Footing   string         `yaml:"footing" enum:"payouts implied nothing" doc:"payouts: the files have rows of the payouts; implied: every batch is one payout; nothing: money is paid out of a balance. Without it as the format has it."`
	Days      int            `yaml:"days" default:"3" doc:"Business days after which a payout without a credit is missing."`
	Pattern   *regexp.Regexp `yaml:"pattern" doc:"RE2 pattern of references and remittance text by which the bank's entries of this acquirer are known; entries that do not match are left out."`
}

// CSVProfile maps a header-named CSV file to settlement lines. For a format that is shipped it says what is different.
type CSVProfile struct {
	Columns     CSVColumns        `yaml:"columns" doc:"Which column holds what, by the header row."`
	Fees        map[string]string `yaml:"fees" doc:"Columns of single fees, by kind: interchange, scheme, markup, commission, processing, tax or other."`
	Types       map[string]string `yaml:"types" doc:"What each value of the type column means: presentment, refund, chargeback, representment, fee, adjustment, reserve, payout or other."`
	Reversals   []string          `yaml:"reversals" doc:"Values of the type column whose rows undo an earlier one."`
	Skip        map[string]string `yaml:"skip" doc:"Values of the type column whose rows are left out, and why; they are counted."`
	AmountScale string            `yaml:"amount_scale" default:"decimal" enum:"decimal minor" doc:"Amounts are decimal (12.50) or minor units (1250)."`
	Signs       string            `yaml:"signs" enum:"type balance" doc:"type: refunds and chargebacks are money back however they are signed (the default); balance: positive adds to your balance."`
	FeeSigns    string            `yaml:"fee_signs" enum:"cost balance" doc:"cost: a positive fee costs you (the default); balance: a negative one does."`
	Exponents   map[string]int    `yaml:"exponents" doc:"With minor units, decimals of a currency where they are not those of ISO 4217."`
	Foots       bool              `yaml:"foots" doc:"Gross less fees is the net of every row; a row where it is not is rejected."`
	Delimiter   string            `yaml:"delimiter" doc:"What parts the columns: a comma, semicolon, bar or tab; a comma without it."`
	Decimal     string            `yaml:"decimal" doc:"Decimal mark, a point without it."`
	Thousands   string            `yaml:"thousands" doc:"What parts groups of three digits; nothing may without it."`
	Dates       []string          `yaml:"dates" doc:"How dates are written beside ISO 8601, such as DD.MM.YYYY hh:mm:ss."`
	Zone        string            `yaml:"zone" doc:"Time zone of times that carry none; UTC without it."`
	Trailer     Trailer           `yaml:"trailer" doc:"The line that states count and total, where there is one."`
}

// CSVColumns maps the roles a column can play to the file's header names.
type CSVColumns struct {
	Reference          string `yaml:"reference" doc:"The network's reference."`
	PaymentID          string `yaml:"payment_id" doc:"Our payment id, where the file carries it."`
	Original           string `yaml:"original" doc:"Reference of the payment that a refund or chargeback is of."`
	RowID              string `yaml:"row_id" doc:"The file's own id of the row."`
	ARN                string `yaml:"arn" doc:"Acquirer reference number."`
	RRN                string `yaml:"rrn" doc:"Retrieval reference number."`
	AuthCode           string `yaml:"auth_code" doc:"Authorisation code."`
	Type               string `yaml:"type" doc:"Type of the line."`
	Code               string `yaml:"code" doc:"The file's own word for the type or its reason."`
	Batch              string `yaml:"batch" doc:"Payout or batch the line is paid out with."`
	Part               string `yaml:"part" doc:"Which part of a payment captured in parts, from 1."`
	Parts              string `yaml:"parts" doc:"How many parts there are."`
	Note               string `yaml:"note" doc:"Free text."`
	Amount             string `yaml:"amount" doc:"Transaction amount."`
	Debit              string `yaml:"debit" doc:"Transaction amount where it is money out, with credit in the place of amount."`
	Credit             string `yaml:"credit" doc:"Transaction amount where it is money in."`
	Currency           string `yaml:"currency" doc:"Transaction currency, ISO 4217 letters."`
	SettlementAmount   string `yaml:"settlement_amount" doc:"Settled amount."`
	SettlementDebit    string `yaml:"settlement_debit" doc:"Settled amount where it is money out."`
	SettlementCredit   string `yaml:"settlement_credit" doc:"Settled amount where it is money in."`
	SettlementCurrency string `yaml:"settlement_currency" doc:"Settled currency."`
	Rate               string `yaml:"rate" doc:"Settlement currency for one of the transaction's."`
	Fee                string `yaml:"fee" doc:"All fees of the row together."`
	FeeCurrency        string `yaml:"fee_currency" doc:"Currency of the fees."`
	Net                string `yaml:"net" doc:"What is paid out for the row."`
	NetDebit           string `yaml:"net_debit" doc:"The same where it is money out."`
	NetCredit          string `yaml:"net_credit" doc:"The same where it is money in."`
	NetCurrency        string `yaml:"net_currency" doc:"Currency of the net."`
	Card               string `yaml:"card" doc:"Card number; it is truncated while it is read."`
	TransactionTime    string `yaml:"transaction_time" doc:"Time of the transaction, RFC 3339."`
	BusinessDate       string `yaml:"business_date" doc:"Business date, YYYY-MM-DD."`
	ValueDate          string `yaml:"value_date" doc:"Day the bank books the money."`
}

// Map lists the columns that are named, by the field they hold.
func (c CSVColumns) Map() map[string]string {
	columns := map[string]string{}
	for _, f := range fields(reflect.ValueOf(c)) {
		if column := f.value.String(); column != "" {
			columns[f.name] = column
		}
	}
	return columns
}

// Trailer tells the trailer line apart and names the columns that hold its control totals.
type Trailer struct {
	Column string `yaml:"column" doc:"Column that marks the trailer."`
	Value  string `yaml:"value" doc:"What that column holds in the trailer."`
	Count  string `yaml:"count" doc:"Column that holds the number of rows."`
	Total  string `yaml:"total" doc:"Column that holds the sum of all amounts in minor units."`
}
