package buckets

import (
	"cmp"
	"encoding/xml"
	"net/http"
	"strings"
)

// Rule is one replication rule of a region's bucket to the other region's. The zero Rule replicates everything, delete markers
// and what KMS has encrypted too.
// Source: Amazon S3 User Guide, "Replication configuration file elements".
type Rule struct {
	ID            string
	Priority      int // the highest of those that fit a key decides; 1 where zero
	Prefix        string
	Tag           string // only objects with this tag: no object here has any
	Disabled      bool
	NoMarkers     bool // delete markers stay where they are made
	NoKMS         bool // what SSE-KMS has encrypted stays, as S3 does where it is not asked to
	StorageClass  string
	TimeControl   bool   // S3 RTC
	WithoutFilter bool   // in the form of version 1, with the prefix in the rule itself
	OtherBucket   string // it leads to this bucket, which is neither of the two
}

// ruleFor is the rule that decides about a key written in a region.
func (p *Pair) ruleFor(region, key string) (Rule, bool) {
	var best Rule
	found := false
	for _, r := range p.rules(region) {
		if r.Disabled || r.Tag != "" || r.OtherBucket != "" || !strings.HasPrefix(key, r.Prefix) {
			continue
		}
		if !found || cmp.Or(r.Priority, 1) > cmp.Or(best.Priority, 1) {
			best, found = r, true
		}
	}
	return best, found
}

// rules are those of a region: one for everything where nothing else was said.
func (p *Pair) rules(region string) []Rule {
	if rules, said := p.options.Rules[region]; said {
		return rules
	}
	return []Rule{{ID: "everything"}}
}

// replicates reports whether a version written in a region is meant for the other one, and with which rule.
// Source: Amazon S3 User Guide, "What does Amazon S3 replicate?".
func (p *Pair) replicates(region, key string, v *version) (Rule, bool) {
	if p.versioning(region) != enabled || p.versioning(p.other(region)) != enabled {
		return Rule{}, false
	}
	r, found := p.ruleFor(region, key)
	switch {
	case !found, v.marker && r.NoMarkers, v.encryption == KMS && r.NoKMS:
		return r, false
	default:
		return r, true
	}
}

const enabled = "Enabled"

// versioning is the status of a region's bucket: Enabled where nothing else was said.
func (p *Pair) versioning(region string) string {
	if status, said := p.options.Versioning[region]; said {
		return status
	}
	return enabled
}

type status struct{ Status string }

type xmlRule struct {
	ID       string
	Priority int        `xml:",omitempty"`
	Prefix   *string    // in the rule itself, in version 1
	Filter   *xmlFilter // in version 2
	Status   string
	Criteria *xmlCriteria `xml:"SourceSelectionCriteria"`
	Markers  *status      `xml:"DeleteMarkerReplication"`
	To       xmlTarget    `xml:"Destination"`
}

type xmlFilter struct {
	Prefix *string
	Tag    *xmlTag
	And    *xmlAnd
}

type xmlAnd struct {
	Prefix string
	Tag    []xmlTag
}

type xmlTag struct{ Key, Value string }

type xmlCriteria struct {
	KMS status `xml:"SseKmsEncryptedObjects"`
}

type xmlTarget struct {
	Bucket       string
	StorageClass string   `xml:",omitempty"`
	Time         *xmlTime `xml:"ReplicationTime"`
	Metrics      *xmlMetrics
}

type xmlTime struct {
	Status  string
	Minutes int `xml:"Time>Minutes"`
}

type xmlMetrics struct {
	Status  string
	Minutes int `xml:"EventThreshold>Minutes"`
}

// replication answers GetBucketReplication.
// Source: Amazon S3 API reference, GetBucketReplication.
func (p *Pair) replication(w http.ResponseWriter, r *http.Request, s *side, bucket string) {
	rules := p.rules(s.region)
	if bucket == s.inventory || len(rules) == 0 {
		refuse(w, r, http.StatusNotFound, "ReplicationConfigurationNotFoundError", "The replication configuration was not found")
		return
	}
	out := struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ReplicationConfiguration"`
		Role    string
		Rule    []xmlRule
	}{Role: "arn:aws:iam::111122223333:role/replication"}
	for _, rule := range rules {
		out.Rule = append(out.Rule, rule.written(p.sides[p.other(s.region)].bucket))
	}
	send(w, out)
}

func (r Rule) written(bucket string) xmlRule {
	x := xmlRule{ID: r.ID, Status: onOff(!r.Disabled), To: xmlTarget{Bucket: "arn:aws:s3:::" + cmp.Or(r.OtherBucket, bucket), StorageClass: r.StorageClass}}
	if r.TimeControl {
		x.To.Time, x.To.Metrics = &xmlTime{enabled, 15}, &xmlMetrics{enabled, 15}
	}
	if r.WithoutFilter {
		x.Prefix = &r.Prefix
		return x
	}
	x.Priority = cmp.Or(r.Priority, 1)
	x.Markers, x.Criteria = &status{onOff(!r.NoMarkers)}, &xmlCriteria{status{onOff(!r.NoKMS)}}
	switch tag := (xmlTag{r.Tag, "yes"}); {
	case r.Tag == "":
		x.Filter = &xmlFilter{Prefix: &r.Prefix}
	case r.Prefix == "":
		x.Filter = &xmlFilter{Tag: &tag}
	default:
		x.Filter = &xmlFilter{And: &xmlAnd{r.Prefix, []xmlTag{tag}}}
	}
	return x
}

func onOff(on bool) string {
	if on {
		return enabled
	}
	return "Disabled"
}
