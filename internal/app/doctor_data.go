package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"parallax/internal/audit"
	"parallax/internal/config"
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

// verdicts says what the mapped attributes permit, and what one more would buy.
func (d *doctor) verdicts(table config.Table) {
	at := table.Attributes
	switch {
	case at.WriteID != "" && at.Origin != "":
		d.ok("verdicts", table.Name, "write id and origin: lost writes can be proven")
	case at.WriteID != "":
		d.warn("verdicts", table.Name, "write id without origin: proven only where both streams are complete", "write the region into an attribute and map it as origin")
	case at.Version != "":
		d.warn("verdicts", table.Name, "version counter only: most losses are proven, some only as one of two", "write a unique id with every write and map it as write_id")
	default:
		d.warn("verdicts", table.Name, "neither write id nor version: a loss is at best known as one of two writes", "write a unique id with every write and map it as write_id")
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
		if copies.writer != nil {
			d.ok("ledger", l.Name, "the writer is in "+string(copies.writerRegion))
		}
	}
}

func (d *doctor) receipts(ctx context.Context) {
	w := audit.Window{From: d.asOf.Add(-48 * time.Hour), To: d.asOf.Add(-48 * time.Hour).Add(time.Second)}
	for _, r := range d.cfg.Receipts {
		for _, region := range slices.Sorted(maps.Keys(r.Regions)) {
			reading, err := d.app.readInventory(ctx, r, region, task{window: w, asOf: d.asOf})
			if err != nil {
				d.missing("inventory", r.Name, err.Error(), "see the error")
				continue
			}
			d.coverage("inventory", []audit.Coverage{reading.Coverage})
		}
	}
}

func (d *doctor) settlement(context.Context) {
	for _, s := range d.cfg.Settlement {
		files, err := filepath.Glob(s.Path)
		switch {
		case err != nil:
			d.missing("settlement files", s.Name, err.Error(), "correct the pattern in settlement.path")
		case len(files) == 0:
			d.missing("settlement files", s.Name, "no file matches "+s.Path, "check the folder and that files are delivered to it")
		default:
			d.ok("settlement files", s.Name, fmt.Sprintf("%d files, the newest %s", len(files), filepath.Base(slices.Max(files))))
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
