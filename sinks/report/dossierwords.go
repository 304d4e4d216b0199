package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parallax/internal/audit"
)

// Spell shows a duration in the two units that matter: "0.84 s", "75 s", "12 min 30 s", "3 h 20 min", "2 d 4 h".
func Spell(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Spell(-d)
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Round(10*time.Millisecond).Seconds(), 'f', -1, 64) + " s"
	case d < 2*time.Minute:
		return Seconds(d)
	case d < 2*time.Hour:
		return twoUnits(d.Round(time.Second), time.Minute, "min", time.Second, "s")
	case d < 48*time.Hour:
		return twoUnits(d.Round(time.Minute), time.Hour, "h", time.Minute, "min")
	default:
		return twoUnits(d.Round(time.Hour), 24*time.Hour, "d", time.Hour, "h")
	}
}

func twoUnits(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	text := fmt.Sprintf("%d %s", d/large, largeName)
	if rest := d % large / small; rest > 0 {
		text += fmt.Sprintf(" %d %s", rest, smallName)
	}
	return text
}

// WithHeadline returns the dossier with its headline said from what it holds.
func (d Dossier) WithHeadline() Dossier {
	d.Headline = Headline{Title: d.title(), When: d.when(), Says: []Sentence{d.sayLost(), d.sayDoubles(), d.sayFigures(), d.sayComplete()}}
	return d
}

// title says what happened and, where RDS does not, who says so.
func (d Dossier) title() string {
	what, known := "Unplanned failover", ""
	switch {
	case d.Planned:
		what = "Planned switchover"
	case d.Seen == string(audit.SeenInData):
		what, known = "Failover by hand", ", seen from the data"
	case d.Promoted.IsZero() && d.To == "":
		return fmt.Sprintf("Incident at %s, taken for a failover by hand, as a person stated; RDS knows nothing of it", d.Cluster)
	case d.Seen != string(audit.SeenInEvents):
		what, known = "Failover", ", as a person stated; RDS knows nothing of it"
	}
	return fmt.Sprintf("%s of %s: %s to %s%s", what, d.Cluster, regionName(d.From), regionName(d.To), known)
}

func regionName(r audit.Region) string {
	if r == "" {
		return "an unknown region"
	}
	return string(r)
}

func (d Dossier) when() string {
	var b strings.Builder
	b.WriteString(d.At.UTC().Format("2 January 2006"))
	switch {
	case d.Promoted.IsZero():
		fmt.Fprintf(&b, ", about %s UTC; no promotion was seen", d.At.UTC().Format("15:04:05"))
	case d.PromotedError > 0:
		fmt.Fprintf(&b, ", promoted at %s UTC ± %s", d.Promoted.UTC().Format("15:04:05"), d.PromotedError)
	default:
		fmt.Fprintf(&b, ", promoted at %s UTC", d.Promoted.UTC().Format("15:04:05"))
	}
	if rto, found := d.figure(LaneLedger, "rto"); found && rto.State != FigureUnmeasured {
		b.WriteString("; the ledger took no write for " + rto.Measured())
	}
	if d.Seen == string(audit.SeenInData) {
		b.WriteString("; nobody announced it: it is known because another database accepts writes")
	}
	return b.String()
}

// figure finds the figure of a layer.
func (d Dossier) figure(layer, figure string) (Figure, bool) {
	for _, f := range d.Figures {
		if f.Layer == layer && f.Figure == figure {
			return f, true
		}
	}
	return Figure{}, false
}

// row finds the money of a class; one that is not there counts nothing and is not complete.
func (d Dossier) row(class string) MoneyRow {
	for _, r := range d.Money {
		if r.Class == class {
			return r
		}
	}
	return MoneyRow{Class: class}
}

// closed reports whether a finding needs nobody's attention any more.
func closed(s audit.Status) bool {
	return s == audit.Cleared || s == audit.Resolved || s == audit.Suppressed
}

func (d Dossier) sayLost() Sentence {
	r := d.row(ClassLost)
	var explained, doubtful, traces int
	for _, p := range d.Lost {
		switch {
		case closed(p.Status):
			explained++
		case p.Finding == "":
			traces++
		case p.Verdict != audit.Proven:
			doubtful++
		}
	}
	switch {
	case r.Count > 0:
		return Sentence{fmt.Sprintf("%s%s lost from the ledger: %s.%s", atLeast(r), are(r.Count, "payment"), list(r.Amounts), since(explained)), true}
	case traces > 0:
		return Sentence{fmt.Sprintf("%s not in the ledger though other layers know of %s%s.", are(traces, "payment"), pronoun(traces), d.uncompared()), true}
	case doubtful > 0:
		return Sentence{fmt.Sprintf("%s perhaps lost from the ledger: it is not proven.", are(doubtful, "payment")), true}
	case !d.Snapshot.Compared:
		return Sentence{"Whether payments are lost is not known" + d.uncompared() + "." + since(explained), true}
	case !r.Complete:
		return Sentence{"No lost payment is known, but not everything was read." + since(explained), true}
	case explained > 0:
		return Sentence{fmt.Sprintf("No payment is missing from the ledger any more.%s", since(explained)), false}
	default:
		return Sentence{"No payment is lost from the ledger.", false}
	}
}

// since says how many have been explained.
func since(explained int) string {
	switch explained {
	case 0:
		return ""
	case 1:
		return " 1 was, and is explained."
	default:
		return fmt.Sprintf(" %d were, and are explained.", explained)
	}
}

func pronoun(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// uncompared says why nothing can be proven to be lost.
func (d Dossier) uncompared() string {
	switch {
	case d.Snapshot.Compared:
		return ""
	case d.Snapshot.Name == "":
		return ": no snapshot of the old primary is known"
	default:
		return ": the old primary's snapshot was not compared"
	}
}

func (d Dossier) sayDoubles() Sentence {
	r := d.row(ClassDouble)
	explained := 0
	for _, x := range d.Doubles {
		if closed(x.Status) {
			explained++
		}
	}
	switch {
	case r.Count > 0:
		verb := "orders were"
		if r.Count == 1 {
			verb = "order was"
		}
		return Sentence{fmt.Sprintf("%s%d %s charged twice: %s to refund.%s", atLeast(r), r.Count, verb, list(r.Amounts), since(explained)), true}
	case !r.Complete:
		return Sentence{"No double charge is known, but not everything was read." + since(explained), true}
	case explained > 0:
		return Sentence{"No double charge is left." + since(explained), false}
	default:
		return Sentence{"No order was charged twice.", false}
	}
}

func (d Dossier) sayFigures() Sentence {
	var parts []string
	bad := false
	for _, name := range []string{"rpo", "rto"} {
		f, found := d.figure(LaneLedger, name)
		if !found || f.State == FigureUnmeasured {
			parts = append(parts, strings.ToUpper(name)+" of the ledger: not measured.")
			bad = true
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %s against %s: %s.", strings.ToUpper(name), f.Value, f.Objective, f.State))
		bad = bad || f.State != FigureMet
	}
	return Sentence{strings.Join(parts, " "), bad}
}

// sayComplete says whether all was read, and what still has to be answered: findings, and all other questions.
func (d Dossier) sayComplete() Sentence {
	asked, unread := 0, 0
	for _, q := range d.Questions {
		if q.About == AboutFindings {
			continue
		}
		asked++
		if slices.Contains([]string{AboutCoverage, AboutOld, AboutSnapshot, AboutJob}, q.About) {
			unread++
		}
	}
	var parts []string
	switch n := len(d.NotCovered); {
	case n == 1:
		parts = append(parts, "1 thing was not read, so more may be found.")
	case n > 1:
		parts = append(parts, fmt.Sprintf("%d things were not read, so more may be found.", n))
	case unread > 0:
		parts = append(parts, "Not everything was read, as the questions tell: more may be found.")
	default:
		parts = append(parts, "The picture is complete: everything was read.")
	}
	if open := d.open(asked); open != "" {
		parts = append(parts, open)
	}
	switch {
	case d.Case == nil:
		parts = append(parts, "Nobody reconciles it yet.")
	case d.Case.State == audit.CaseClosed:
		parts = append(parts, "The case is closed.")
	case d.Case.State == audit.CaseGivenUp:
		parts = append(parts, "The case was given up.")
	}
	return Sentence{strings.Join(parts, " "), len(d.NotCovered) > 0 || unread > 0}
}

// open counts what nobody has answered yet; empty if there is nothing.
func (d Dossier) open(asked int) string {
	other := ""
	if d.Standing > 0 {
		other = "other "
	}
	var parts []string
	if d.Standing > 0 {
		parts = append(parts, plural(int64(d.Standing), "finding")+" not explained")
	}
	if asked > 0 {
		parts = append(parts, plural(int64(asked), other+"question")+" open")
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + "."
}

func atLeast(r MoneyRow) string {
	if r.Complete {
		return ""
	}
	return "At least "
}

func are(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return fmt.Sprintf("%d %ss are", n, noun)
}

// list shows sums in a sentence.
func list(amounts []audit.Money) string {
	if len(amounts) == 0 {
		return "no money stated"
	}
	parts := make([]string, len(amounts))
	for i, a := range amounts {
		parts[i] = Money(a)
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}
