package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/sources/kinesis"
)

// tables checks every table in every region, and says which verdicts its attributes permit.
func (d *doctor) tables(ctx context.Context) {
	for _, table := range d.cfg.Tables {
		for _, region := range d.cfg.Regions {
			d.table(ctx, table, region)
		}
		d.verdicts(table)
	}
}

func (d *doctor) table(ctx context.Context, table config.Table, region audit.Region) {
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	where := table.Name + " in " + string(region)
	out, err := d.aws.dynamodb(region).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(table.Name)})
	if err != nil {
		d.missing("table", where, brief(err), "check the name, the region and the network; allow dynamodb:DescribeTable")
		return
	}
	if out.Table.MultiRegionConsistency == types.MultiRegionConsistencyStrong {
		d.ok("table", where, "strongly consistent between its regions: no write is thrown away; the replicas' streams are held against each other")
	}
	if table.Kinesis.Streams[region] != "" {
		d.kinesis(ctx, table, region)
		return
	}
	stream := out.Table.StreamSpecification
	switch {
	case stream == nil || !aws.ToBool(stream.StreamEnabled) || out.Table.LatestStreamArn == nil:
		d.missing("table", where, "has no stream: nothing of its history can be read", "enable its stream with NEW_AND_OLD_IMAGES in every region")
		return
	case stream.StreamViewType != types.StreamViewTypeNewAndOldImages:
		d.missing("table", where, fmt.Sprintf("its stream shows %s only: no loss can be proven", stream.StreamViewType), "enable the stream with NEW_AND_OLD_IMAGES")
		return
	}
	if _, err := d.aws.streams(region).DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: out.Table.LatestStreamArn}); err != nil {
		d.missing("stream", where, brief(err), "allow dynamodb:DescribeStream, GetShardIterator and GetRecords on its streams")
		return
	}
	d.ok("table", where, fmt.Sprintf("stream with old and new images, %d replicas", len(out.Table.Replicas)))
	if len(out.Table.Replicas) > 2 {
		d.warn("table", where, "has more than two replicas: where a write was made cannot be concluded from its absence", "let every write set an origin attribute")
	}
}

// archive writes a file into the change archive, finds it again and removes it.
func (d *doctor) archive(ctx context.Context) {
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	where := d.cfg.Archive.Dir
	if d.cfg.Archive.S3 != "" {
		where = d.cfg.Archive.S3
	}
	place, probe := d.app.place(), "doctor/probe"
	err := place.Put(ctx, probe, []byte("written by parallax doctor"))
	if err == nil {
		_, err = place.Get(ctx, probe, 1<<10)
		err = errors.Join(err, place.Remove(ctx, probe))
	}
	for _, listed := range place.List(ctx, "doctor/") {
		err = errors.Join(err, listed)
	}
	if err != nil {
		d.missing("archive", where, brief(err), "let the user or role Parallax runs as read, write, list and remove there")
		return
	}
	d.ok("archive", where, "can be read, written and listed")
}

// verdicts says what the mapped attributes permit, and what one more would buy. The shares are those that the simulator
// measures, see BENCHMARKS.md.
func (d *doctor) verdicts(table config.Table) {
	at := table.Attributes
	write, origin, counter := at.WriteID != "", at.Origin != "", at.Version != ""
	switch {
	case write && origin:
		d.ok("verdicts", table.Name, "write id and origin: every lost write can be proven; one lost to a removal only where the removing region is known, so prefer a status to a removal")
	case write && counter:
		d.warn("verdicts", table.Name, "write id and counter: 84 of 100 lost writes are proven, the rest probable or one of two",
			"let every write set its region and map it as origin: then all are proven")
	case write:
		d.warn("verdicts", table.Name, "write id alone: no lost write is proven, each is probable, one of two or undecidable",
			"let every write set its region and map it as origin (all proven), or count versions and map version (84 of 100)")
	case counter && !origin:
		d.warn("verdicts", table.Name, "counter alone: most lost writes are proven as long as no two images are equal",
			"write a unique id with every write, and its region, and map them as write_id and origin")
	default:
		d.warn("verdicts", table.Name, "no write id: a lost write is at best known as one of two, or undecidable",
			"write a unique id with every write, and its region, and map them as write_id and origin: then every lost write can be proven")
	}
	if at.PaymentID == "" || at.AmountMinor == "" || at.Currency == "" {
		d.warn("money", table.Name, "findings name no payment or no money", "map payment_id, amount_minor and currency")
	}
	if len(table.Financial) == 0 {
		d.warn("severity", table.Name, "no attribute is marked as financial: every lost write is of medium severity", "list them under financial")
	}
}

// kinesis checks the data stream that carries a table's changes.
func (d *doctor) kinesis(ctx context.Context, table config.Table, region audit.Region) {
	where := table.Kinesis.Streams[region] + " in " + string(region)
	src := &kinesis.Source{
		Tables: d.aws.dynamodb(region), Streams: d.aws.kinesis(region), Table: table.Name, Stream: table.Kinesis.Streams[region], Region: region,
		Timeout: d.cfg.AWS.Timeout,
	}
	setup, gaps := src.Inspect(ctx)
	for _, g := range gaps {
		d.missing("kinesis", where, g.Reason, g.Remedy)
	}
	if len(gaps) == 0 {
		d.ok("kinesis", where, fmt.Sprintf("%d shards, records kept for %s, destination %s", setup.Shards, setup.Retention, setup.Destination))
	}
}

// ledgers reads one second of every copy, which proves address, password, role, table and columns at once.
func (d *doctor) ledgers(ctx context.Context) {
	w := audit.Window{From: d.asOf.Add(-time.Second), To: d.asOf}
	for _, l := range d.cfg.Ledgers {
		copies, err := d.app.readLedger(ctx, l, w)
		if err != nil {
			d.missing("ledger", l.Name, err.Error(), "see the error")
			continue
		}
		d.coverage("ledger", copies.coverage)
		switch {
		case copies.writer == nil:
		case l.Sharded():
			d.ok("ledger", l.Name, "sharded: each region writes payments of its own")
		default:
			d.ok("ledger", l.Name, "the writer is in "+string(copies.writerRegion))
		}
		d.indexed(ctx, l, w)
	}
}

// indexed warns of tables in which a window can only be found by reading all of them.
func (d *doctor) indexed(ctx context.Context, l config.Ledger, w audit.Window) {
	all := d.app.snapshotCopies(l, w)
	for _, region := range slices.Sorted(maps.Keys(l.Regions)) {
		all = append(all, d.app.regionCopy(l, region, w))
	}
	for _, one := range all {
		if err := d.app.open(ctx, &one); err != nil || one.src.DB == nil {
			continue // said above
		}
		if found, err := one.src.Indexed(ctx); err == nil && !found {
			d.warn("ledger", l.Name+" in "+one.name, "no index begins with "+l.Columns.CreatedAt+": every window takes a reading of the whole table",
				"create an index on "+l.Columns.CreatedAt+" of "+l.Table)
		}
	}
}

// brief is an AWS error without the SDK's nesting of operations: what the service answered, or why there was no answer.
func brief(err error) string {
	if network := (*net.OpError)(nil); errors.As(err, &network) {
		return "no answer: " + network.Error()
	}
	text := err.Error()
	if strings.Contains(text, "get credentials") {
		return "not asked: no AWS credentials were found"
	}
	if i := strings.LastIndex(text, "api error "); i >= 0 {
		return text[i+len("api error "):]
	}
	return text
}
