package Postgres;

# A private PostgreSQL in a folder of its own, reached by its socket alone.
#
#   my $database = Postgres->start or plan skip_all => 'PostgreSQL is not installed';
#   Site->start(server => 'UserAuditDatabase pgsql "' . $database->words . '"');
#   $database->stop; $database->resume;

use v5.36;
use Carp qw(croak);
use File::Temp qw(tempdir);
use JSON::PP ();
use Process;

my $USER = 'postgres';    # the server refuses to run as root

sub _programs { return (sort glob '/usr/lib/postgresql/*/bin/initdb')[-1] =~ s{/initdb$}{}r }

# As the server's user; whoever is not root is that user.
sub _as_user (@command) {
    return @command if $> != 0;
    return ('setpriv', '--reuid', $USER, '--regid', $USER, '--init-groups', @command);
}

# undef if PostgreSQL is not installed.
sub start ($class) {
    return unless glob '/usr/lib/postgresql/*/bin/initdb';
    my $folder = tempdir('postgres-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $self = bless { folder => $folder, programs => _programs() }, $class;

    chmod 0755, $folder;
    chown +(getpwnam $USER)[ 2, 3 ], $folder if $> == 0;
    my $made = Process->start(
        command => [ _as_user("$self->{programs}/initdb", qw(-N -A trust -U audit -E UTF8 --locale=C -D), "$folder/data") ],
        output => "$folder/initdb.log");
    $made->wait_gone(60);
    croak 'initdb failed' if $made->status;
    return $self->resume;
}

sub words ($self) { return "host=$self->{folder} user=audit dbname=postgres" }

sub resume ($self) {
    $self->{process} = Process->start(
        command => [ _as_user("$self->{programs}/postgres", '-D', "$self->{folder}/data", '-k', $self->{folder},
                '-c', 'listen_addresses=', '-c', 'fsync=off') ],
        output => "$self->{folder}/server.log");
    Process::wait_until(sub { -S "$self->{folder}/.s.PGSQL.5432" && $self->query('SELECT 1 AS one') }, 30) or croak 'PostgreSQL did not start';
    return $self;
}

# Breaks all connections, and refuses new ones.
sub stop ($self) {
    $self->{process}->signal('INT')->wait_gone(20) or croak 'PostgreSQL does not stop';
    return $self;
}

# Rows as hashes.
sub query ($self, $sql) {
    open my $errors, '>&', \*STDERR or croak $!;
    open STDERR, '>', '/dev/null';
    my $opened = open my $pipe, '-|', "$self->{programs}/psql", '-X', '-q', '-A', '-t', '-h', $self->{folder}, '-U', 'audit',
        '-d', 'postgres', '-c', "SELECT coalesce(json_agg(answer), '[]') FROM ($sql) AS answer";
    open STDERR, '>&', $errors;
    return unless $opened;
    my $text = do { local $/; <$pipe> };
    close $pipe or return;
    return @{ JSON::PP->new->utf8->decode($text) };
}

1;
