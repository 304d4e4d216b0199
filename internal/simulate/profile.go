package simulate

import "time"

// Profile says how an application uses its table and how the world treats it. Shares are of the operations on an item
// that exists, between 0 and 1. The zero value of a knob leaves its trap out.
type Profile struct {
	Name    string
	Regions int // 2 or 3

	// What the application writes into each version.
	WriteID, Origin, Counter bool
	Vague                    bool // content repeats: nothing but the attributes above tells two versions apart

	// When it writes.
	Writes int           // at most, of one key; at least two, or none where Idle says so
	Pause  time.Duration // longest time between two writes of a burst
	Rest   time.Duration // longest time between two bursts; zero: one burst
	Span   time.Duration // keys begin at any time within it
	Single bool          // each key is written in one region only
	Idle   float64       // share of keys that are written once and never again

	// How it writes.
	Delete     float64 // removals
	SoftDelete float64 // updates that only mark the item as deleted
	Expire     float64 // removals by time to live
	ExpireBoth bool    // each region's time to live removes its own copy
	Replay     float64 // a retry puts back an earlier version of this region, write id and all
	Stale      float64 // an update leaves write id, origin and counter as they were
	Twin       float64 // the same content is written in both regions
	NoOp       float64 // a write that changes nothing, and makes no record

	// How the world treats it.
	Delay    time.Duration // longest way of a replicated write
	Coalesce float64       // share of messages that take the place of the one before them
	Skew     time.Duration // how far a region's clock is off at most
	Believed time.Duration // how far apart the regions' clocks are taken to be at most, if that is wrong; zero: as far as Skew lets them be
	Raise    bool          // a write's timestamp exceeds the one of the version it overwrites
	Lose     float64       // share of messages that never arrive
	Outage   time.Duration // how long one region neither sends nor receives; zero: no outage
	Tail     time.Duration // time until reading stops, beyond what all writes and outages take; negative: before. What is on its way then stays there

	// What is left of the streams when they are read.
	Trim  time.Duration // part of one region's stream that was trimmed before it was read, around the end of its outage if it has one
	Late  time.Duration // how much of the beginning is lost in every region, at most
	Split time.Duration // how long a shard lives; zero: for ever
}

// span is how long a key may be written at most.
func (p Profile) span() time.Duration { return time.Duration(p.Writes) * max(p.Pause, p.Rest) }

const (
	second = time.Second
	day    = 24 * time.Hour
)

// plain is the world of the reference table: two regions, a burst of writes within seconds, messages that take as long.
func plain() Profile {
	return Profile{
		Regions: 2, Writes: 10, Pause: 4 * second, Delay: 6 * second, Coalesce: 0.3, Skew: second / 5, Raise: true, Tail: time.Hour,
	}
}

// vary is a profile changed by a function.
func vary(p Profile, name string, change func(p *Profile)) Profile {
	p.Name = name
	change(&p)
	return p
}

// Reference are the five rows of the reference table, by what the application writes.
func Reference() []Profile {
	return []Profile{
		vary(plain(), "write id + origin", func(p *Profile) { p.WriteID, p.Origin = true, true }),
		vary(plain(), "write id + origin + counter", func(p *Profile) { p.WriteID, p.Origin, p.Counter = true, true, true }),
		vary(plain(), "write id + counter", func(p *Profile) { p.WriteID, p.Counter = true, true }),
		vary(plain(), "unique images only", func(*Profile) {}),
		vary(plain(), "write id + origin, 20% deletes", func(p *Profile) { p.WriteID, p.Origin, p.Delete = true, true, 0.2 }),
	}
}

// Traps are the profiles of everything that misleads a reader of streams, each by its own name.
func Traps() []Profile {
	full := plain()
	full.WriteID, full.Origin, full.Counter = true, true, true
	bare := full
	bare.Counter = false
	return append(attributes(), append(applications(full, bare), worlds(full, bare)...)...)
}

// attributes leave out what the application could have written, in all the ways that Reference does not.
func attributes() []Profile {
	return []Profile{
		vary(plain(), "write id only", func(p *Profile) { p.WriteID = true }),
		vary(plain(), "origin only", func(p *Profile) { p.Origin = true }),
		vary(plain(), "counter only", func(p *Profile) { p.Counter = true }),
		vary(plain(), "counter only, 20% deletes", func(p *Profile) { p.Counter, p.Delete = true, 0.2 }),
		vary(plain(), "origin + counter", func(p *Profile) { p.Origin, p.Counter = true, true }),
		vary(plain(), "nothing, content repeats", func(p *Profile) { p.Vague = true }),
		vary(plain(), "write id, content repeats", func(p *Profile) { p.WriteID, p.Vague = true, true }),
		vary(plain(), "origin + counter, content repeats", func(p *Profile) { p.Origin, p.Counter, p.Vague = true, true, true }),
	}
}

// applications are tables whose writers do something uncommon.
func applications(full, bare Profile) []Profile {
	return []Profile{
		vary(full, "20% deletes with counter", func(p *Profile) { p.Delete = 0.2 }),
		vary(bare, "soft deletes", func(p *Profile) { p.SoftDelete = 0.3 }),
		vary(bare, "time to live in one region", func(p *Profile) { p.Expire = 0.2 }),
		vary(bare, "time to live in both regions", func(p *Profile) { p.Expire, p.ExpireBoth = 0.2, true }),
		vary(bare, "delete and recreate", func(p *Profile) { p.Delete, p.Pause = 0.5, 2*second }),
		vary(full, "insert and delete combined to nothing", func(p *Profile) { p.Delete, p.Coalesce = 0.4, 0.9 }),
		vary(full, "retries replay a write id", func(p *Profile) { p.Replay = 0.2 }),
		vary(plain(), "content comes back", func(p *Profile) { p.Replay = 0.2 }),
		vary(full, "retries and deletes", func(p *Profile) { p.Replay, p.Delete = 0.2, 0.2 }),
		vary(bare, "stale origin", func(p *Profile) { p.Stale = 0.2 }),
		vary(full, "stale origin with counter", func(p *Profile) { p.Stale = 0.2 }),
		vary(plain(), "equal content in both regions", func(p *Profile) { p.Twin = 0.3 }),
		vary(plain(), "one write id in both regions", func(p *Profile) { p.WriteID, p.Twin = true, 0.3 }),
		vary(bare, "one write id in both, with origin", func(p *Profile) { p.Twin = 0.3 }),
		vary(bare, "writes that change nothing", func(p *Profile) { p.NoOp = 0.2 }),
		vary(full, "idle keys", func(p *Profile) { p.Idle = 0.8 }),
	}
}

// worlds are tables that clocks, networks or streams do something to.
func worlds(full, bare Profile) []Profile {
	days := func(p *Profile) {
		p.Pause, p.Rest, p.Span, p.Split, p.Outage = 5*second, 8*time.Hour, 2*day, 4*time.Hour, 30*time.Hour
		p.Tail = 2 * day
	}
	return []Profile{
		vary(bare, "clocks minutes apart", func(p *Profile) { p.Skew = 3 * time.Minute }),
		vary(bare, "clocks further apart than believed", func(p *Profile) { p.Skew, p.Believed = 5*second, second/2 }),
		vary(full, "clocks further apart than believed, with counter", func(p *Profile) { p.Skew, p.Believed = 5*second, second/2 }),
		vary(full, "clocks minutes apart, with deletes", func(p *Profile) { p.Skew, p.Delete = 3*time.Minute, 0.2 }),
		vary(bare, "timestamps not raised", func(p *Profile) { p.Raise, p.Skew = false, 2*second }),
		vary(full, "timestamps not raised, with deletes", func(p *Profile) { p.Raise, p.Skew, p.Delete = false, 2*second, 0.2 }),
		vary(bare, "messages lost for ever", func(p *Profile) { p.Lose = 0.2 }),
		vary(full, "messages lost, with deletes", func(p *Profile) { p.Lose, p.Delete = 0.2, 0.2 }),
		vary(bare, "reading stops on the way", func(p *Profile) { p.Tail = -32 * second }),
		vary(bare, "three replicas", func(p *Profile) { p.Regions = 3 }),
		vary(full, "three replicas, with counter and deletes", func(p *Profile) { p.Regions, p.Delete = 3, 0.2 }),
		vary(plain(), "three replicas, write id only", func(p *Profile) { p.Regions, p.WriteID = 3, true }),
		vary(bare, "outage of minutes", func(p *Profile) { p.Span, p.Outage, p.Pause = 30*time.Minute, 12*time.Minute, time.Minute }),
		vary(bare, "outage of more than a day", days),
		vary(full, "outage of more than a day, with deletes", func(p *Profile) { days(p); p.Delete = 0.2 }),
		vary(bare, "outage of more than a day, then trimmed", func(p *Profile) { days(p); p.Trim = 6 * time.Hour }),
		vary(full, "trimmed, with counter and deletes", func(p *Profile) { days(p); p.Trim, p.Delete = 6*time.Hour, 0.2 }),
		vary(bare, "first seen after trim", func(p *Profile) { p.Span, p.Pause, p.Late = time.Minute, 10*second, time.Minute }),
		vary(full, "first seen after trim, with deletes", func(p *Profile) { p.Span, p.Pause, p.Late, p.Delete = time.Minute, 10*second, time.Minute, 0.2 }),
		vary(full, "everything at once", everything),
	}
}

func everything(p *Profile) {
	p.Rest, p.Span, p.Split, p.Outage, p.Trim, p.Late, p.Tail = 6*time.Hour, day, 4*time.Hour, 26*time.Hour, 2*time.Hour, time.Hour, day
	p.Delete, p.SoftDelete, p.Expire, p.Replay, p.Stale, p.NoOp, p.Twin, p.Lose = 0.08, 0.05, 0.04, 0.05, 0.05, 0.05, 0.05, 0.03
	p.Skew, p.Idle = second, 0.1
}
