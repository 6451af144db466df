package Trail;

# What is on record: from the running server's CSV, or from the database itself.

use v5.36;
use Carp qw(croak);
use Cpanel::JSON::XS ();
use File::Basename qw(basename);
use Process;

# The contract: these columns in this order, new ones only at the end.
our @COLUMNS = qw(id time site database uid login user session ip country city browser os device
    channel operation model record_ids record_count method fields values outcome error status
    duration_ms path flags hash peer_ip node sequence previous_hash old_values);

# %options: httpd => Httpd
sub new ($class, %options) {
    return bless {%options}, $class;
}

# Rows of a query over the database, as hashes; none while there is no database yet.
sub query ($self, $sql) {
    my $postgres = $self->{httpd}{postgres};

    return $self->_query_file($sql) if !$postgres;
    return if !$self->_has_events;
    return $postgres->[0]->rows($postgres->[1], $sql);
}

sub _has_events ($self) {
    my $postgres = $self->{httpd}{postgres};
    my @found = $postgres
        ? $postgres->[0]->rows($postgres->[1], "SELECT 1 AS found FROM pg_class WHERE relname = 'events'")
        : $self->_query_file("SELECT 1 AS found FROM sqlite_master WHERE name = 'events'");

    return @found > 0;
}

# SQLite run by root makes the files beside the database, and gives them away only then: who comes between
# those, as a keeper that starts may, finds the database read-only.
sub _as_owner ($file) {
    my ($uid, $gid) = (stat $file)[ 4, 5 ];

    return $> == 0 && $uid ? ('setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups') : ();
}

sub _query_file ($self, $sql) {
    my $file = $self->{httpd}->database;

    return unless -s $file;
    open my $pipe, '-|', _as_owner($file), 'sqlite3', '-readonly', '-json', '-cmd', '.timeout 60000', $file, $sql
        or croak "sqlite3: $!";
    my $text = do { local $/; <$pipe> };
    close $pipe;
    return unless $text && length $text;
    return @{ Cpanel::JSON::XS->new->utf8->decode($text) };
}

# All events in the order in which their requests arrived, empty cells as ''.
sub events ($self, @conditions) {
    my @events = $self->_has_events ? $self->query(
        'SELECT *, db AS "database", name AS "user", values_json AS "values" FROM events ORDER BY time_ms, id') : ();

    for my $event (@events) {
        $event->{$_} //= '' for keys %$event;
    }
    return _matching(\@events, @conditions);
}

# @conditions: column => value, ...; a value may be a pattern.
sub _matching ($events, @conditions) {
    my %wanted = @conditions;

    return grep {
        my $event = $_;
        !grep { !_is($event->{$_}, $wanted{$_}) } keys %wanted
    } @$events;
}

sub _is ($cell, $wanted) {
    return 0 unless defined $cell;
    return ref $wanted eq 'Regexp' ? $cell =~ $wanted : $cell eq $wanted;
}

# Waits until so many events match (the keeper moves them into the database about every second) and
# returns them; croaks with what there is if they do not come.
sub wait_for ($self, $count, @conditions) {
    my @found;

    Process::wait_until(sub { (@found = $self->events(@conditions)) >= $count })
        or croak "$count events with (@conditions) awaited, there are:\n" . $self->describe;
    return @found;
}

# Bytes of a segment that nothing was written to: the keeper keeps no position for it.
use constant SEGMENT_HEAD => 64;

# Everything that was asked so far is on record: this event of our own is, and the keeper has read every
# segment as far as it reached then. The event alone tells nothing of what other children wrote.
sub settle ($self, $client) {
    my $mark = 'settle' . int rand 1e9;

    $client->post_json('/web/session/authenticate',
        $client->envelope({ db => 'odoo', login => $mark, password => 'x' }), cookies => 0);
    my %written = $self->_segments;
    Process::wait_until(sub {
        return if !$self->_has_events;
        return if !$self->query("SELECT 1 AS found FROM events WHERE login = '$mark'");
        my %read = map { $_->{segment} => $_->{byte_offset} } $self->query('SELECT segment, byte_offset FROM positions');
        my %left = $self->_segments;
        return !grep { defined $left{$_} && ($read{$_} // SEGMENT_HEAD) < $written{$_} } keys %written;
    }) or croak "what was asked last is not on record:\n" . $self->describe;
    return $self;
}

# Name and size of each segment of the journal.
sub _segments ($self) {
    my @files = glob $self->{httpd}->state_dir . '/journal/*.segment';
    return map { -e $_ ? (basename($_) => -s _) : () } @files;
}

sub describe ($self) {
    my @shown = qw(id operation model record_ids method outcome error login flags path);
    return join '', map {
        my $event = $_;
        join(' | ', map { "$_=" . ($event->{$_} // '') } @shown) . "\n"
    } $self->events;
}

# Rows of an RFC 4180 text as arrays.
sub parse_csv ($text) {
    my @rows = ([]);

    while ($text =~ /\G(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\z)/gc) {
        my ($quoted, $plain, $end) = ($1, $2, $3);

        push @{ $rows[-1] }, defined $quoted ? $quoted =~ s/""/"/gr : $plain;
        last if $end eq '' || pos $text == length $text;
        push @rows, [] if $end ne ',';
    }
    croak 'no CSV at offset ' . (pos($text) // 0) if (pos($text) // 0) < length $text;
    return @rows;
}

# The CSV of the running server as hashes by header.
sub csv ($self, $client, $query = '') {
    my $response = $client->get('/audit-admin/activity.csv' . ($query ? "?$query" : ''));

    croak "CSV: status $response->{status}" if $response->{status} != 200;
    my ($header, @rows) = parse_csv($response->{body});
    return map { my %row; @row{@$header} = @$_; \%row } @rows;
}

1;
