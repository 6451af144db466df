package Httpd;

# A private httpd in a folder of its own, with the built module. Started as root it drops to
# www-data as in real use, started by anybody else it stays who it is.
#
#   my $httpd = Httpd->new(mpm => 'worker', vhost => "UserAudit On\n")->start;
#   ... $httpd->port ... $httpd->graceful ... $httpd->stop;
#   finish();    # instead of done_testing: fails if an error log has something unexpected

use v5.36;
use Carp qw(croak);
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IO::Socket::IP;
use IO::Socket::UNIX;
use Process;
use Test::More ();
use Time::HiRes ();

our @EXPORT = qw(finish);

my $TOP = abs_path(dirname(__FILE__) . '/../..');
my $RUN_USER = 'www-data';
my @servers;

# Modules that a site needs, as far as they are not compiled in.
my @MODULES = qw(unixd log_config authz_core headers proxy proxy_http);

sub build_dir {
    return $ENV{BUILD_DIR} if $ENV{BUILD_DIR};
    my ($found) = grep { -e "$_/.libs/mod_user_audit.so" } $TOP, "$TOP/build";
    return $found // croak "mod_user_audit.so is not built: run make, or set BUILD_DIR";
}

# What configure found, e.g. HTTPD_PROGRAM.
sub _configured ($name) {
    open my $makefile, '<', build_dir() . '/Makefile' or croak "no Makefile where it was built: $!";
    while (my $line = <$makefile>) {
        return $1 if $line =~ /^\Q$name\E = (\S+)/;
    }
    croak "$name is not in the Makefile";
}

# Those that the kernel does not give to whoever connects.
sub _own_ports {
    open my $file, '<', '/proc/sys/net/ipv4/ip_local_port_range' or return (10_000, 30_000);
    my ($first, $last) = split ' ', <$file>;

    return (10_000, $first - 1) if $first >= 12_000;
    return $last < 64_000 ? ($last + 1, 65_535) : (10_000, 65_535);
}

# One that nobody else has, be it another test at the same time: a name in the abstract namespace stands
# for it until this test is over.
sub free_port {
    state @taken;
    my ($first, $last) = _own_ports();

    for (1 .. 1000) {
        my $port = $first + int rand $last - $first + 1;
        my $name = IO::Socket::UNIX->new(Local => "\0user-audit-port-$port", Listen => 1) or next;
        IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => $port, Listen => 1) or next;
        push @taken, $name;
        return $port;
    }
    croak 'no free port';
}

# %options, all of them optional:
#   mpm        event, worker or prefork
#   server     configuration outside of the virtual host
#   vhost      configuration inside
#   upstream   http://host:port of what it stands before; also puts in what an audited site needs
#   proxy      further words of its ProxyPass, e.g. nocanon
#   exception  what keeps the module's own page from being proxied
#   modules    further modules to load, e.g. ['http2']
#   alone      1: one process without a parent (httpd -X)
#   postgres   [Postgres, name of its database] instead of SQLite
#   words      more of libpq's words for it
#   allow      patterns of log lines that are expected
sub new ($class, %options) {
    my $root = tempdir('user-audit-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $self = bless {
        mpm     => 'event',
        server  => '',
        vhost   => '',
        proxy   => '',
        exception => 'ProxyPass /audit-admin !',
        modules => [],
        allow   => [],
        %options,
        root => $root,
        port => free_port(),
    }, $class;

    chmod 0755, $root;
    $self->_make_state_dir;
    $self->_use_postgres if ($ENV{DATABASE} // '') eq 'pgsql' && $self->{server} !~ /UserAuditDatabase/;
    push @servers, $self;
    return $self;
}

sub _make_state_dir ($self) {
    my $folder = $self->state_dir;
    my (undef, undef, $uid, $gid) = getpwnam $RUN_USER;

    mkdir $folder, 0700 or croak "$folder: $!";
    chown $uid, $gid, $folder if $> == 0;
}

# The database is one of a private PostgreSQL's: asked for by the environment variable DATABASE, or by
# the option postgres => [Postgres, name of the database].
sub _use_postgres ($self) {
    require Postgres;
    my $server = Postgres->shared;

    $self->{postgres} //= [ $server, $server->database ];
}

sub _database ($self) {
    my ($server, $database) = @{ $self->{postgres} // [] };

    return '' if !$server;
    return 'UserAuditDatabase pgsql "' . join(' ', $server->words($database), $self->{words} // ()) . "\"\n";
}

sub root      ($self) { return $self->{root} }
sub port      ($self) { return $self->{port} }
sub state_dir ($self) { return "$self->{root}/state" }
sub database  ($self) { return $self->state_dir . '/audit.db' }
sub url       ($self, $path = '') { return "http://127.0.0.1:$self->{port}$path" }

# Log lines that match are expected from here on.
sub allow ($self, @patterns) {
    push @{ $self->{allow} }, @patterns;
    return $self;
}

# Other directives at the next start or restart.
sub configure ($self, %options) {
    @$self{ keys %options } = values %options;
    return $self;
}

sub _load_modules ($self) {
    my $folder = _configured('HTTPD_MODULES');
    my $text = '';

    for my $name ("mpm_$self->{mpm}", @MODULES, @{ $self->{modules} }) {
        my $file = "$folder/mod_$name.so";
        $text .= "LoadModule ${name}_module $file\n" if -e $file;
    }
    return $text . 'LoadModule user_audit_module ' . build_dir() . "/.libs/mod_user_audit.so\n";
}

sub _site ($self) {
    my $upstream = $self->{upstream} // return '';

    return <<~SITE;
        UserAudit On
        <Location /audit-admin>
            SetHandler user-audit-admin
        </Location>
        <Location /audit-admin/activity.csv>
            SetHandler user-audit-csv
        </Location>
        ProxyPreserveHost On
        $self->{exception}
        ProxyPass /websocket $upstream/websocket upgrade=websocket timeout=60
        ProxyPass / $upstream/ $self->{proxy}
        ProxyPassReverse / $upstream/
        SITE
}

sub config ($self) {
    my $user = $> == 0 ? "User $RUN_USER\nGroup $RUN_USER\n" : '';
    my $threads = $self->{mpm} eq 'prefork' ? '' : "ThreadsPerChild 16\nMinSpareThreads 16\nMaxSpareThreads 48\nMaxRequestWorkers 64\n";

    return $self->_load_modules . <<~SERVER;
        ServerRoot $self->{root}
        ServerName 127.0.0.1
        DefaultRuntimeDir $self->{root}
        PidFile $self->{root}/httpd.pid
        ErrorLog $self->{root}/error.log
        LogLevel notice user_audit:info
        Listen 127.0.0.1:$self->{port}
        StartServers 2
        $threads
        $user
        Timeout 30
        GracefulShutdownTimeout 3
        UserAuditStateDir @{[ $self->state_dir ]}
        @{[ $self->_database ]}
        $self->{server}
        <VirtualHost *:$self->{port}>
        @{[ $self->_site ]}
        $self->{vhost}
        </VirtualHost>
        SERVER
}

sub _write_config ($self) {
    my $file = "$self->{root}/httpd.conf";

    open my $handle, '>', $file or croak "$file: $!";
    print $handle $self->config;
    close $handle or croak "$file: $!";
    return $file;
}

sub _command ($self, @arguments) {
    my @under = split ' ', $ENV{HTTPD_UNDER} // '';

    return [ @under, _configured('HTTPD_PROGRAM'), '-d', $self->{root}, '-f', $self->_write_config, @arguments ];
}

# A module built with sanitizers needs their library loaded first. httpd itself leaks by design.
sub _environment ($self) {
    return {} unless $ENV{HTTPD_PRELOAD};
    return { LD_PRELOAD => $ENV{HTTPD_PRELOAD}, ASAN_OPTIONS => 'detect_leaks=0' };
}

sub _launch ($self, @arguments) {
    return Process->start(
        command     => $self->_command(@arguments),
        output      => "$self->{root}/output",
        environment => $self->_environment,
    );
}

sub start ($self) {
    $self->try_start or croak 'httpd did not start: ' . $self->output . $self->error_log;
    return $self;
}

# 1 once it serves, 0 if it refused to start; then output and error_log say why. It listens before
# it has looked at its whole configuration, so that a connection proves nothing.
sub try_start ($self) {
    return $self->_start_alone if $self->{alone};
    my $starts = $self->_starts_logged;

    $self->{process} = $self->_launch('-DFOREGROUND');
    Process::wait_until(sub { !$self->{process}->is_running || $self->_starts_logged > $starts });
    return $self->_starts_logged > $starts ? 1 : 0;
}

# It tells nobody when it is ready, so that a request must.
sub _start_alone ($self) {
    $self->{process} = $self->_launch('-X');
    return Process::wait_until(sub {
            IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $self->{port}) || !$self->{process}->is_running;
        }) && $self->{process}->is_running ? 1 : 0;
}

# What `apachectl configtest` says: (1 if it is fine, its words).
sub test_config ($self) {
    my $process = $self->_launch('-t');

    $process->wait_gone;
    return (($process->status // 1) == 0 ? 1 : 0, $self->output);
}

sub process ($self) { return $self->{process} }

sub _read ($self, $name) {
    open my $handle, '<', "$self->{root}/$name" or return '';
    local $/;
    return scalar <$handle>;
}

sub output    ($self) { return $self->_read('output') }
sub error_log ($self) { return $self->_read('error.log') }

sub _starts_logged ($self) {
    my @starts = $self->error_log =~ /resuming normal operations/g;
    return scalar @starts;
}

# Returns when the new generation serves. The old one may go on with what it has.
sub graceful ($self, $signal = 'USR1') {
    my $starts = $self->_starts_logged;

    $self->_write_config;
    $self->{process}->signal($signal);
    Process::wait_until(sub { $self->_starts_logged > $starts })
        or croak 'no restart: ' . $self->error_log;
    return $self;
}

sub restart ($self) {
    _let_answers_end();
    return $self->graceful('HUP');
}

# An end that is not graceful (TERM, HUP) makes mpm_event close the sockets its threads work with at that
# moment: a lingering close then complains (AH03092) or crashes, whatever modules are loaded.
sub _let_answers_end { return Time::HiRes::sleep(0.3) }

# 1 if it went as asked.
sub stop ($self, $signal = $self->{alone} ? 'TERM' : 'WINCH') {
    my $process = delete $self->{process} // return 1;

    _let_answers_end() if $signal ne 'WINCH';
    $process->signal($signal);
    return $process->wait_gone || $process->stop && 0;
}

# A crash of the parent: its children and the keeper are left to find out for themselves. It is halted
# first, so that it makes none that nobody knows of.
sub crash ($self) {
    my $process = delete $self->{process} // return;

    $process->signal('STOP');
    Process::wait_until(sub { `ps -o state= -p @{[ $process->pid ]}` !~ /^[RSD]/ });
    my @orphans = $self->_descendants($process->pid);
    $process->signal('KILL')->wait_gone;
    return @orphans;
}

sub _descendants ($self, $pid) {
    my @children = split ' ', `ps -o pid= --ppid $pid`;
    return map { ($_, $self->_descendants($_)) } @children;
}

sub child_pids ($self) { return $self->_descendants($self->{process}->pid) }

# Lines nobody expected: warnings and worse, crashes, words of a sanitizer. That a child was not gone three
# seconds after it was told to is about the machine; one that must be killed for it is another line (AH00046).
sub unexpected_lines ($self) {
    my @lines = grep {
        my $level = /^\[[^]]+\] \[[\w.]*:(\w+)\]/ ? $1 : 'none';
        !/AH00045: / && ($level !~ /^(?:notice|info|debug|trace\d)$/ || /exit signal|AH0005[12]/)
    } split /\n/, $self->error_log;

    return grep { my $line = $_; !grep { $line =~ $_ } @{ $self->{allow} } } @lines;
}

# Stops all servers of this test, looks into their logs and ends the test.
sub finish {
    for my $server (@servers) {
        Test::More::ok($server->stop, 'httpd stops when it is told to');
        my @lines = $server->unexpected_lines;
        Test::More::is(scalar @lines, 0, 'nothing unexpected in the error log')
            or Test::More::diag(join "\n", @lines);
    }
    Test::More::done_testing();
}

1;
