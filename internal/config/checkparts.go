package config

import (
	"errors"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
)

func (d *decoder) checkEndpoints(endpoints map[audit.Region]Endpoints) {
	for _, region := range sortedRegions(endpoints) {
		e := endpoints[region]
		for _, one := range []struct{ name, url string }{
			{"dynamodb", e.DynamoDB}, {"dynamodbstreams", e.DynamoDBStreams}, {"s3", e.S3}, {"rds", e.RDS}, {"kinesis", e.Kinesis},
			{"route53", e.Route53}, {"cloudwatch", e.CloudWatch}, {"sqs", e.SQS},
		} {
			if one.url == "" {
				continue
			}
			u, err := url.Parse(one.url)
			if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
				d.wrongAt("aws.endpoints."+string(region)+"."+one.name, "not a URL: write http(s)://host:port")
			}
		}
	}
}

// checkArchive wants a bucket that can be addressed, and an archive that outlives what is audited.
func (d *decoder) checkArchive(a Archive) {
	if _, _, err := a.Bucket(); err != nil {
		d.wrongAt("archive.s3", err.Error())
	}
	if a.Region != "" && !awsRegion.MatchString(string(a.Region)) {
		d.wrongAt("archive.region", "not the name of an AWS region, such as eu-west-1")
	}
	if a.Retention > 0 && a.Retention < minRetention {
		d.wrongAt("archive.retention", "is shorter than 48h: an audit needs a day of history before its window")
	}
}

// What names may look like. Sources: Amazon S3 User Guide, "General purpose bucket naming rules"; API reference of Kinesis
// Data Streams, CreateStream.
var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	streamName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)
	awsRegion  = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
)

const minRetention = 48 * time.Hour

// Bucket is the bucket and the prefix of an archive on S3; no bucket where it lies in a folder.
func (a Archive) Bucket() (bucket, prefix string, err error) {
	if a.S3 == "" {
		return "", "", nil
	}
	u, err := url.Parse(a.S3)
	if err != nil || u.Scheme != "s3" || !bucketName.MatchString(u.Host) || u.RawQuery != "" || u.Path != "" && path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") {
		return "", "", errors.New("not a bucket: write s3://bucket/prefix")
	}
	return u.Host, strings.Trim(u.Path, "/"), nil
}

// minMemory is what the readers of the archive alone need, in MiB.
const minMemory = 64

func (d *decoder) checkLimits(l Limits) {
	if l.MemoryMiB < minMemory {
		d.wrongAt("limits.memory_mib", "must be 64 at least")
	}
}

// checkTables refuses empty names, and a feed that only some regions have.
func (d *decoder) checkTables(tables []Table, regions []audit.Region) {
	for i, t := range tables {
		key := join("tables", nameOr(t.Name, i))
		if t.Clock > t.Settle {
			d.wrongAt(key+".clock", "is longer than settle: nothing could be told in time")
		}
		for _, region := range sortedRegions(t.Kinesis.Streams) {
			if !streamName.MatchString(t.Kinesis.Streams[region]) {
				d.wrongAt(key+".kinesis.streams."+string(region), "not the name of a data stream: letters, digits, and _ . - only")
			}
		}
		for _, region := range regions {
			if len(t.Kinesis.Streams) > 0 && t.Kinesis.Streams[region] == "" {
				d.wrongAt(join("tables", nameOr(t.Name, i))+".kinesis.streams", "a table is read the same way in every region: name the data stream of "+string(region)+" too")
			}
		}
		for _, name := range t.Financial {
			if strings.TrimSpace(name) == "" {
				d.wrongAt(join("tables", nameOr(t.Name, i))+".financial", "a name is empty")
			}
		}
	}
}

// readQuery is how a statement that reads begins. The session is read-only besides; this only catches the slip early.
var readQuery = regexp.MustCompile(`(?is)^\s*(select|with|table|values)\b`)

// checkLedgers returns the names of the ledgers.
func (d *decoder) checkLedgers(ledgers []Ledger) []string {
	names := []string{}
	for i, l := range ledgers {
		key := join("ledgers", nameOr(l.Name, i))
		names = append(names, l.Name)
		switch {
		case l.Table == "" && l.Query == "":
			d.wrongAt(key, "needs a table or a query")
		case l.Table != "" && l.Query != "":
			d.wrongAt(key, "has both a table and a query: keep one of them")
		case l.Query != "" && !readQuery.MatchString(l.Query):
			d.wrongAt(key+".query", "must be one statement that reads: select ... or with ...")
		}
		for _, status := range l.Statuses.Refused {
			if slices.Contains(l.Statuses.Charged, status) {
				d.wrongAt(key+".statuses", "a status stands under charged and under refused")
			}
		}
		for _, status := range l.Statuses.Refunded {
			if !slices.Contains(l.Statuses.Charged, status) {
				d.wrongAt(key+".statuses.refunded", "a status stands here and not under charged: what was refunded was charged before")
			}
		}
		if len(l.Regions) < 2 {
			d.wrongAt(key+".regions", "a ledger is compared between two regions: name the server of each")
		}
		for _, r := range sortedRegions(l.Regions) {
			if !l.Regions[r].DSN.Set() {
				d.wrongAt(key+".regions."+string(r)+".dsn", "must be set")
			}
		}
		d.checkSnapshots(l, key)
		d.checkCompare(l, key)
		d.checkPace(l, key)
		d.checkCopies(l, key)
	}
	return names
}

func (d *decoder) checkLedgerName(name, key string, ledgers []string) {
	if name != "" && !slices.Contains(ledgers, name) {
		d.wrongAt(key+".ledger", "there is no such ledger, "+suggest(name, ledgers))
	}
}
