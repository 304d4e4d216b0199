package app

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sinks/report"
)

// filesAfter is how long after a failover settlement files are part of its timeline.
const filesAfter = 7 * 24 * time.Hour

// timeline puts together what was said of the databases, what the data tells, and the files that came.
func (f *dossierFacts) timeline(d report.Dossier) []report.Moment {
	out := []report.Moment{}
	out = append(out, f.healthMoments()...)
	out = append(out, f.controlMoments()...)
	for _, layer := range []string{report.LaneLedger, report.LaneKeys, report.LaneReceipts} {
		out = append(out, f.layerMoments(layer, d)...)
	}
	out = append(out, f.fileMoments()...)
	slices.SortStableFunc(out, func(a, b report.Moment) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(laneOrder(a), laneOrder(b)), cmp.Compare(a.Text, b.Text))
	})
	return out
}

func laneOrder(m report.Moment) int { return slices.Index(report.Lanes(), m.Lane) }

// healthMoments are the stretches in which a health check failed: from its failure to its recovery, or for good.
func (f *dossierFacts) healthMoments() []report.Moment {
	var out []report.Moment
	failing := map[string]int{}
	for _, e := range f.events {
		if !f.window.Holds(e.At) {
			continue
		}
		check := string(e.Region) + " " + e.Source
		at, open := failing[check]
		switch record.EventType(e.Type) {
		case record.HealthFailed:
			if !open {
				failing[check] = len(out)
				out = append(out, f.healthMoment(e, "failing", report.MomentDown))
			}
		case record.HealthReason:
			out = append(out, f.healthMoment(e, "checker", "")) // a line of the list, too much for the picture
			out[len(out)-1].Weight = -1
		case record.HealthRecovered:
			if !open {
				out = append(out, f.healthMoment(e, "healthy", ""))
				continue
			}
			out[at].Until, out[at].Name = e.At, fmt.Sprintf("%s failing, %s", e.Region, report.Spell(e.At.Sub(out[at].At)))
			out[at].Text += "; until: " + e.Message
			delete(failing, check)
		}
	}
	return out
}

func (f *dossierFacts) healthMoment(e audit.TopologyEvent, word string, state report.MomentState) report.Moment {
	return report.Moment{
		Lane: report.LaneHealth, Name: fmt.Sprintf("%s %s", e.Region, word), Region: e.Region, At: e.At, State: state, Weight: 1,
		Source: "health check " + e.Source, Text: e.Message,
	}
}

// eventNames are what the picture calls the events of the control plane, and how much each matters there.
var eventNames = map[record.EventType]struct {
	name   string
	weight int
	state  report.MomentState
}{
	record.FailoverStarted:     {"failover started", 1, ""},
	record.FailoverCompleted:   {"failover completed", 1, ""},
	record.FailoverFailed:      {"failover FAILED", 1, report.MomentDown},
	record.SwitchoverStarted:   {"switchover started", 1, ""},
	record.SwitchoverCompleted: {"switchover completed", 1, ""},
	record.SwitchoverFailed:    {"switchover FAILED", 1, ""},
	record.WriterShutDown:      {"old writer shut down", 1, report.MomentDown},
	record.WriterPromoted:      {"promoted", 2, ""},
	record.Resynced:            {"old region back", 2, ""},
	record.WritesBlocked:       {"writes blocked", 1, ""},
	record.WriteBlockTimedOut:  {"write block timed out", 1, report.MomentDown},
	record.SnapshotSeen:        {"old primary's snapshot", 1, ""},
	record.SnapshotCopied:      {"snapshot copied by hand", 1, ""},
	record.EndpointMoved:       {"writer endpoint moved", 1, ""},
	record.MemberLeft:          {"left the global cluster", 1, report.MomentDown},
	record.WriterSeen:          {"writes accepted in", -1, ""},
	record.OtherEvent:          {"", -1, ""},
}

// controlMoments are what RDS said, who accepted writes, and the incident notes.
func (f *dossierFacts) controlMoments() []report.Moment {
	var out []report.Moment
	for _, e := range f.events {
		if record.EventType(e.Type) == record.IncidentNote {
			out = append(out, report.Moment{
				Lane: report.LaneIncident, Name: e.Message, Region: e.Region, At: e.At, Weight: 1, Source: "incident file, " + e.Source, Text: e.Message,
			})
			continue
		}
		about, told := eventNames[record.EventType(e.Type)]
		if !told || f.stranger(e) {
			continue
		}
		m := report.Moment{
			Lane: report.LaneControl, Name: about.name, Region: e.Region, At: e.At, Weight: about.weight, State: about.state,
			Source: "RDS, " + e.Source, Text: e.Message,
		}
		switch record.EventType(e.Type) {
		case record.WriterSeen:
			m.Name += " " + string(e.Region)
			m.Source = "database, " + e.Source
			if f.failover.Seen == audit.SeenInData {
				m.Weight = 2 // nothing else tells that the writer changed
			}
		case record.OtherEvent:
			m.Name = e.Message
		case record.WriterPromoted:
			m.Name = string(e.Region) + " promoted"
		}
		out = append(out, m)
	}
	if s := f.failover; s.Snapshot != "" && !s.SnapshotExpires.IsZero() {
		out = append(out, report.Moment{
			Lane: report.LaneControl, Name: "snapshot expires", Region: s.From, At: s.SnapshotExpires, Weight: 1, State: report.MomentDown,
			Source: "RDS, " + s.Snapshot, Text: "The old primary's snapshot expires: copy it to a manual one before.",
		})
	}
	return out
}

// stranger reports whether an event lies before the window or is a snapshot of another failover.
func (f *dossierFacts) stranger(e audit.TopologyEvent) bool {
	switch record.EventType(e.Type) {
	case record.SnapshotSeen:
		return e.Source != f.failover.Snapshot
	case record.SnapshotCopied: // its message ends with the snapshot it was copied from
		return f.failover.Snapshot == "" || !strings.HasSuffix(e.Message, " "+f.failover.Snapshot)
	default:
		return e.At.Before(f.window.From)
	}
}

// lostNames are what the picture calls the records of a layer that were not there when the new region took over.
var lostNames = map[string]string{
	report.LaneLedger: "writes lost", report.LaneKeys: "late: not yet in the new region", report.LaneReceipts: "receipts missing",
}

// keyNames are what the picture says of the keys, of which both regions take writes all the time: they have no last and no first.
var keyNames = map[string]string{"last write kept": "newest that had arrived", "no write for": "longest silence", "first good write": "first write after the silence"}

// nameIn words a moment for its layer.
func nameIn(layer, name string) string {
	if layer == report.LaneKeys {
		return cmp.Or(keyNames[name], name)
	}
	return name
}

// layerMoments are what a layer's own records tell: the last write, what was lost, the silence, the first good write.
func (f *dossierFacts) layerMoments(layer string, d report.Dossier) []report.Moment {
	var out []report.Moment
	moment := func(m audit.Mark, name string, weight int) report.Moment {
		return report.Moment{
			Lane: layer, Name: name, At: m.At, Error: report.Span(m.Error), Weight: weight, Source: "data of the " + layer,
			Text: strings.TrimSpace(fmt.Sprintf("%s: %s", m.Name, m.Basis)),
		}
	}
	if kept, found := f.mark(layer, "last survivor"); found {
		out = append(out, moment(kept, nameIn(layer, "last write kept"), 2))
	}
	if first, found := f.mark(layer, "first lost"); found {
		m := moment(first, lostNames[layer], 2)
		if layer == report.LaneLedger && len(d.Lost) > 0 {
			m.Name = fmt.Sprintf("%d lost", len(d.Lost))
		}
		if until, found := f.mark(layer, "last lost"); found && until.At.After(first.At) {
			m.Until = until.At
			m.Text += "; " + until.Name + ": " + until.Basis
		}
		m.State = report.MomentLost
		if layer == report.LaneKeys {
			m.State = report.MomentLate // they come when the old region is back
		}
		out = append(out, m)
	}
	if last, found := f.mark(layer, "last write"); found {
		out = append(out, moment(last, "last write", -1))
	}
	good, resumed := f.mark(layer, "first good write")
	if !resumed {
		return out
	}
	if silence := f.silence(layer, good); !silence.At.IsZero() {
		out = append(out, silence)
	}
	return append(out, moment(good, nameIn(layer, "first good write"), 2))
}

// silence is the stretch before the first good write in which a layer took none, as its recovery time was measured.
func (f *dossierFacts) silence(layer string, good audit.Mark) report.Moment {
	for _, m := range f.failover.Measures {
		if m.Layer == layer && m.Figure == "rto" && m.Value > 0 {
			return report.Moment{
				Lane: layer, Name: nameIn(layer, "no write for") + " " + report.Spell(m.Value), At: good.At.Add(-m.Value), Until: good.At, Error: report.Span(m.Error),
				State: report.MomentDown, Weight: 1, Source: "data of the " + layer, Text: m.Basis,
			}
		}
	}
	return report.Moment{}
}

// fileMoments are the settlement files that speak of the failover's days.
func (f *dossierFacts) fileMoments() []report.Moment {
	day := f.failover.At.UTC().Format(time.DateOnly)
	var out []report.Moment
	for _, s := range f.settled {
		late := s.SeenAt.Sub(f.failover.At)
		if s.SeenAt.IsZero() || s.BusinessDate < day || late < 0 || late > filesAfter {
			continue
		}
		m := report.Moment{
			Lane: report.LaneSettlement, Name: fmt.Sprintf("%s file of %s", s.Feed, shortDay(s.BusinessDate)), At: s.SeenAt, Source: "feed " + s.Feed,
			Text: fmt.Sprintf("file %s of business date %s, %d records, %s", s.Name, s.BusinessDate, s.Records, s.Status),
		}
		if s.Status != "accepted" {
			m.Name, m.State = m.Name+" "+s.Status, report.MomentDown
		}
		out = append(out, m)
	}
	return out
}

// shortDay shows YYYY-MM-DD as a day and month; what is no date stays as it is.
func shortDay(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Format("2 Jan")
}
